select channel, label_en, label_vi, ownership
from marts.dim_channels
order by channel
