-- observed_at: {observed_at} (UTC) is before the decision on case {case_id}
-- table: outcomes
-- columns: observed_at
WITH early AS (  -- before some decision on the case: few, and only of those the last decision must be looked for
    SELECT s.record_id, s.case_id, s.observed_at
    FROM staged s JOIN decisions d ON d.case_id = s.case_id
    WHERE is_before(s.observed_at, d.decided_at)
)
SELECT e.record_id
FROM early e
JOIN (
    SELECT case_id, arg_max(decided_at, decision_no) AS decided_at
    FROM decisions WHERE case_id IN (SELECT case_id FROM early) GROUP BY case_id
) d ON d.case_id = e.case_id
WHERE is_before(e.observed_at, d.decided_at)
