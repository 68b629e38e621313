select
    effects.conversion_type, effects.attribution_model, effects.channel, channels.label_en, channels.label_vi, effects.removal_effect,
    effects.shapley_value, effects.weight, effects.channel_conversions
from marts.attribution_channel_effects as effects
inner join marts.dim_channels as channels using (channel)
where effects.attribution_model = 'markov'
order by effects.conversion_type, effects.removal_effect desc, effects.channel
