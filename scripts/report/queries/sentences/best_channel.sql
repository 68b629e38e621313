-- revenue of orders, deals and subscriptions for each unit of spend, by each model; channels with 30 conversions or more.
-- Spend is the same whatever type of conversion it is held against, so it is taken once.
with channels as (
    select
        attribution_model, channel, sum(conversions) as conversions,
        sum(revenue) / nullif(sum(spend) filter (where conversion_type = 'order'), 0) as roas
    from marts.attribution_performance
    where month_basis = 'touch_month' and is_mature and conversion_type in ('order', 'deal_won', 'subscription_started')
    group by attribution_model, channel
),

ranked as (
    select
        channels.*, models.label_en as model_en, models.label_vi as model_vi, dim.label_en, dim.label_vi,
        row_number() over (partition by channels.attribution_model order by channels.roas desc, channels.channel) as place
    from channels
    inner join marts.dim_channels as dim using (channel)
    inner join marts.dim_attribution_models as models using (attribution_model)
    where channels.roas is not null and channels.conversions >= 30 and dim.ownership = 'paid'
),

-- the best channel of the three models that differ most in whom they credit
compared as (
    select
        case when count(distinct channel) > 1 then 'disagree' when count(*) = 3 then 'agree' else 'few' end as models_verdict,
        string_agg(model_en || ': ' || label_en, ', ' order by attribution_model) as by_model_en,
        string_agg(model_vi || ': ' || label_vi, ', ' order by attribution_model) as by_model_vi
    from ranked
    where place = 1 and attribution_model in ('first_touch', 'last_touch', 'markov')
)

select
    best.*, compared.models_verdict, coalesce(compared.by_model_en, best.model_en || ': ' || best.label_en) as by_model_en,
    coalesce(compared.by_model_vi, best.model_vi || ': ' || best.label_vi) as by_model_vi, same.models_first, same.roas_low, same.roas_high, (select count(distinct attribution_model) from channels) as models
from ranked as best
cross join compared
inner join (
    select channel, count(*) filter (where place = 1) as models_first, min(roas) as roas_low, max(roas) as roas_high
    from ranked
    group by channel
) as same using (channel)
where
    best.place = 1
    -- a company may leave a model out
    and best.attribution_model = (select attribution_model from channels order by attribution_model <> 'last_touch', attribution_model limit 1)
