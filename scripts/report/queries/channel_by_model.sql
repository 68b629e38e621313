select
    comparison.conversion_type, comparison.attribution_model, models.label_en as model_en, models.label_vi as model_vi, comparison.channel,
    channels.label_en as channel_en, channels.label_vi as channel_vi, comparison.conversions, comparison.revenue, comparison.share,
    comparison.share_low, comparison.share_high, comparison.share_difference
from marts.attribution_model_comparison as comparison
inner join marts.dim_channels as channels using (channel)
inner join marts.dim_attribution_models as models using (attribution_model)
order by comparison.conversion_type, comparison.channel, comparison.attribution_model
