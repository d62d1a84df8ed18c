-- booked_at: {booked_at} (UTC) is before the decision, decided_at {decided_at}
-- table: decisions
-- columns: booked_at, decided_at
SELECT record_id FROM staged WHERE is_before(booked_at, decided_at)
