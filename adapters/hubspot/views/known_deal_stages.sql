-- One row per stage of a deal pipeline.
select stage_id, label, lower(closed_won) = 'true' as is_won, lower(is_closed) = 'true' as is_closed
from deal_pipeline_stage

union all

select
    coalesce(as_json(stage) ->> '$.id', as_json(stage) ->> '$.stageId') as stage_id,
    as_json(stage) ->> '$.label' as label,
    try_cast(as_json(stage) ->> '$.metadata.probability' as double) = 1 as is_won,
    as_json(stage) ->> '$.metadata.isClosed' = 'true' as is_closed
from pipelines
cross join unnest(json_list(stages)) as in_pipeline (stage)
