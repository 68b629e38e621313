{{ config(post_hook='{{ drop_round_tables() }}') }}

{{ connected_components(ref('int_contact_merge_edges')) }}
