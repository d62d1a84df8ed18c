-- observed_at: {observed_at} (UTC) is before the decision on case {case_id}
-- table: outcomes
-- columns: observed_at
SELECT s.record_id
FROM staged s
JOIN (SELECT case_id, arg_max(decided_at, decision_no) AS decided_at FROM decisions GROUP BY case_id) d
  ON d.case_id = s.case_id
WHERE is_before(s.observed_at, d.decided_at)
