-- artifact: '{artifact}' is not a path inside the folder of models
-- table: model_versions
-- columns: artifact
SELECT record_id
FROM staged
WHERE starts_with(artifact, '/') OR contains(artifact, ':') OR contains(artifact, '\')
   OR list_contains(string_split(artifact, '/'), '..')
