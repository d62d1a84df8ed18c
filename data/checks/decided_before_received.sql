-- decided_at: {decided_at} (UTC) is before the case arrived, received_at {received_at}
-- table: decisions
-- columns: decided_at, received_at
SELECT record_id FROM staged WHERE is_before(decided_at, received_at)
