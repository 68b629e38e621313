-- One row per change of stage or amount. Salesforce also writes rows for a new probability or close date only; these are left out.
with history as (

    select
        Id as id,
        OpportunityId as opportunity_id,
        StageName as stage_name,
        Amount as amount,
        CreatedDate as created_date,
        IsDeleted as is_deleted
    from opportunity_history
    union all
    select
        id,
        opportunity_id,
        stage_name,
        amount,
        created_date,
        is_deleted
    from fivetran_opportunity_history
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

),

versions as (

    -- Fivetran's history mode: versions of the opportunity, if OpportunityHistory was not synced
    select
        id || '-' || _fivetran_start as id,
        id as opportunity_id,
        stage_name,
        amount,
        _fivetran_start as created_date,
        is_deleted
    from fivetran_opportunity
    where _fivetran_start is not null and id not in (select opportunity_id from history where opportunity_id is not null)

),

ordered as (

    select
        *,
        row_number() over changes as change_number,
        lag(stage_name) over changes as stage_before,
        lag(amount) over changes as amount_before
    from (from history union all from versions)
    window changes as (partition by opportunity_id order by created_date, id)

),

opportunities as (

    select
        Id as id,
        StageName as stage_name,
        IsWon as is_won,
        IsClosed as is_closed,
        SystemModstamp as system_modstamp
    from opportunity
    union all
    select
        id,
        stage_name,
        is_won,
        is_closed,
        system_modstamp
    from fivetran_opportunity
    -- leave out superseded versions (Fivetran's history mode)
    where coalesce(lower(_fivetran_active), 'true') = 'true'

),

outcomes as (

    select
        stage_name,
        max(case when coalesce(lower(is_won), '') in ('1', 'true') then 'won' when coalesce(lower(is_closed), '') in ('1', 'true') then 'lost' else 'open' end) as status
    from opportunities
    group by stage_name
    -- leave out stages that are won in one pipeline and open in another: they do not determine the status
    having count(distinct case when coalesce(lower(is_won), '') in ('1', 'true') then 'won' when coalesce(lower(is_closed), '') in ('1', 'true') then 'lost' else 'open' end) = 1

)

select
    ordered.id as change_id,
    ordered.opportunity_id as deal_id,
    ordered.stage_name as deal_stage,
    outcomes.status,
    ordered.amount,
    ordered.created_date as changed_at,
    case when coalesce(lower(ordered.is_deleted), '') in ('1', 'true') then 'true' end as is_deleted
from ordered
left join outcomes on ordered.stage_name = outcomes.stage_name
where
    ordered.change_number = 1
    or ordered.stage_before is distinct from ordered.stage_name
    or ordered.amount_before is distinct from ordered.amount
