-- retired_at: {retired_at} (UTC) is before the version went live, deployed_at {deployed_at}
-- table: model_versions
-- columns: retired_at, deployed_at
SELECT record_id FROM staged WHERE is_before(retired_at, deployed_at)
