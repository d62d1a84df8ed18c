-- decisions: one row per decision, with its outcome where one is known and the helper columns cards use.
-- Each helper column is defined here once. The sentence after its name is shown wherever a card uses it.
with repeated as (
    -- one row per case decided more than once: the number of its last decision
    select case_id, max(decision_no) as last_no from decisions where decision_no > 1 group by case_id
),
outcome_rows as (
    -- one row per final observation of a case, beside the clock of the case's last decision
    select
        o.case_id,
        o.bad,
        o.value,
        coalesce(o.observed_at, timestamp '1970-01-01') as observed_at,
        coalesce(
            o.observed_at <= coalesce(d.booked_at, d.decided_at) + to_days(cast(s.horizon_days as integer)),
            true
        ) as is_by_horizon
    from outcomes o
    join decisions d on d.case_id = o.case_id
    cross join settings s
    left join repeated r on r.case_id = d.case_id
    where coalesce(o.status, 'final') = 'final'
      -- what happened, or was learned, after the day maturity is counted to is not known yet
      and coalesce(o.observed_at <= s.as_of, true)
      and coalesce(o.recorded_at <= s.as_of, true)
      and coalesce(d.decision_no >= r.last_no, true)
),
latest as (
    -- one row per case: the latest final observation by the horizon; a bad after the horizon does not count
    select
        case_id,
        coalesce(arg_max(bad, observed_at) filter (is_by_horizon), false) as bad_by_horizon,
        coalesce(
            arg_max(value, observed_at) filter (is_by_horizon), arg_max(value, observed_at)
        ) as value_by_horizon
    from outcome_rows
    group by case_id
),
clocked as (
    -- one row per decision: scope, local date, maturity
    select
        d.*,
        cast(timezone(s.time_zone, timezone('UTC', d.decided_at)) as date) as decided_on,
        coalesce(d.disposition, '') not in ('pending', 'withdrawn') as is_in_scope,
        (d.decision = 'accept' or s.outcomes_cover = 'all') as is_observable,
        (
            not s.is_disposition_mapped
            or coalesce(d.disposition, '') = 'booked'
            or (s.outcomes_cover = 'all' and d.decision = 'reject' and d.disposition is null)
        ) as is_booked,
        case
            when d.decided_at is null then d.cohort is not null
            else coalesce(d.booked_at, d.decided_at)
                + to_days(cast(s.horizon_days + s.outcome_lag_days as integer)) <= s.as_of
        end as is_past_horizon,
        not s.is_shown_at_mapped or coalesce(d.shown_at <= d.decided_at, false) as is_shown_in_time,
        s.is_shown_at_mapped and d.shown_at is not null and d.decided_at is not null as is_timing_known,
        s.outcomes_log = 'bad_only' as is_silence_good,
        s.agreed_turnaround_hours,
        coalesce(d.decision_no >= r.last_no, true) as is_last_decision
    from decisions d
    cross join settings s
    left join repeated r on r.case_id = d.case_id
),
matured as (
    -- one row per decision: its outcome by the horizon, once the horizon and the outcome lag have passed
    select
        c.*,
        c.is_in_scope and c.is_last_decision and c.is_observable and c.is_booked as is_maturable,
        is_maturable and c.is_past_horizon as is_matured,
        case
            when not is_matured then null
            when l.case_id is not null then l.bad_by_horizon
            when c.is_silence_good then false
        end as bad,
        l.value_by_horizon
    from clocked c
    left join latest l on l.case_id = c.case_id
)
select
    m.* exclude (
        is_silence_good, is_observable, is_booked, is_past_horizon, is_last_decision, agreed_turnaround_hours,
        value_by_horizon
    ),
    -- decided_on: the date of the decision in the use case's time zone
    -- is_in_scope: neither pending nor withdrawn
    -- is_maturable: in scope, the case's last decision, booked, and of a kind whose outcome can be seen
    -- is_matured: maturable, and its horizon and the outcome lag have passed by the snapshot's date
    -- bad: the outcome by the horizon; empty where not matured or not come back
    -- is_shown_in_time: shown no later than the decision, or showing times are not mapped at all
    -- is_timing_known: both the showing and the decision have a time
    -- period: the local month the case was decided in, or the cohort where the log has no dates
    coalesce(strftime(m.decided_on, '%Y-%m'), m.cohort, 'undated') as period,
    -- week: the local ISO week the case was decided in
    strftime(m.decided_on, '%G-W%V') as week,
    -- is_override_eligible: assisted, judged by a person, recommendation accept or reject shown in time
    m.is_in_scope
        and m.channel = 'assisted'
        and coalesce(m.basis, 'judgement') = 'judgement'
        and coalesce(m.recommendation, '') in ('accept', 'reject')
        and m.is_shown_in_time as is_override_eligible,
    -- is_override: eligible, and the decision differs from the recommendation
    is_override_eligible and m.decision <> m.recommendation as is_override,
    -- is_low_side: an override of a recommendation to reject (the person accepted)
    is_override and m.decision = 'accept' as is_low_side,
    -- is_high_side: an override of a recommendation to accept (the person rejected)
    is_override and m.decision = 'reject' as is_high_side,
    -- is_as_recommended: eligible, and the decision is the recommendation
    is_override_eligible and m.decision = m.recommendation as is_as_recommended,
    -- is_outcome_known: matured, and the outcome has come back
    m.is_matured and m.bad is not null as is_outcome_known,
    -- realised_value: value the outcome log reports for a matured case, in minor units
    case when m.is_matured and m.bad is not null then m.value_by_horizon end as realised_value,
    -- accept_advantage: what accepting gained over rejecting, from the payoffs known at the decision, in minor units
    case
        when m.bad then -(m.loss_if_bad + coalesce(m.reject_bad_value, 0))
        when not m.bad then m.gain_if_good - coalesce(m.reject_good_value, 0)
    end as accept_advantage,
    -- gain_over_reject: what accepting gains over rejecting if the case is good, in minor units
    m.gain_if_good - coalesce(m.reject_good_value, 0) as gain_over_reject,
    -- loss_over_reject: what accepting loses against rejecting if the case is bad, in minor units
    m.loss_if_bad + coalesce(m.reject_bad_value, 0) as loss_over_reject,
    -- money_at_stake: gain if good plus loss if bad, in minor units
    m.gain_if_good + m.loss_if_bad as money_at_stake,
    -- decision_minutes: active time where recorded, else from opening (or showing) to the decision, by a person
    case
        when m.channel = 'automated' then null
        when m.active_seconds is not null then m.active_seconds / 60
        when m.decided_at >= coalesce(m.opened_at, m.shown_at)
            then date_diff('second', coalesce(m.opened_at, m.shown_at), m.decided_at) / 60
    end as decision_minutes,
    -- is_turnaround_known: arrival and decision are both on record
    m.is_in_scope and m.received_at is not null and m.decided_at is not null
        and m.agreed_turnaround_hours is not null as is_turnaround_known,
    -- is_within_agreement: decided within the turnaround the use case agreed
    is_turnaround_known
        and date_diff('second', m.received_at, m.decided_at) <= m.agreed_turnaround_hours * 3600
        as is_within_agreement,
    -- is_reason_blank: no reason code, or one made of spaces
    coalesce(trim(m.override_reason), '') = '' as is_reason_blank,
    -- is_reason_other: the reason code's category is other
    coalesce(r.category, '') = 'other' as is_reason_other,
    -- score_bin: the score in thousandths, 0 to 999
    case when m.score is not null then least(cast(floor(m.score * 1000) as integer), 999) end as score_bin,
    -- score_band: the use case's band of the score, 0 the safest
    b.score_band
from matured m
left join reason_codes r on r.code = trim(m.override_reason)
left join score_bands b
    on m.score is not null and b.score_bin = least(cast(floor(m.score * 1000) as integer), 999)
