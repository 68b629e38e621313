-- Every pair of RFM scores is in exactly one segment. A pair in none would leave its buyers without a segment; a pair in two would
-- duplicate them in kpi_clv.
with scores as (

    select
        recency.score as recency,
        value.score as value
    from range(1, 6) as recency (score)
    cross join range(1, 6) as value (score)

)

select
    scores.recency,
    scores.value
from scores
left join {{ ref('rfm_segments') }} as segments
    on scores.recency between segments.recency_from and segments.recency_to
    and scores.value between segments.value_from and segments.value_to
group by scores.recency, scores.value
having count(segments.rfm_segment) <> 1
