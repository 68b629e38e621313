{{ config(post_hook='{{ drop_round_tables() }}') }}

{{ connected_components('(select continues_span_key as low, span_key as high from ' ~ ref('int_clv_spans') ~ ' where continues_span_key is not null)') }}
