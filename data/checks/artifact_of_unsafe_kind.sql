-- artifact: '{artifact}' is not a .ubj or .json file (files that run code when opened are refused)
-- table: model_versions
-- columns: artifact
SELECT record_id FROM staged WHERE NOT regexp_matches(lower(artifact), '[.](ubj|json)$')
