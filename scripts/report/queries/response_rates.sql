select 'nps' as survey_type, survey_kind, month_start, invitations, invitations_answered, response_rate
from marts.kpi_nps
where dimension = 'all' and is_complete and invitations > 0
union all
select 'csat', survey_kind, month_start, invitations, invitations_answered, response_rate
from marts.kpi_csat
where dimension = 'all' and is_complete and invitations > 0
union all
select 'ces', survey_kind, month_start, invitations, invitations_answered, response_rate
from marts.kpi_ces
where dimension = 'all' and is_complete and invitations > 0
order by survey_type, survey_kind, month_start
