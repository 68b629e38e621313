{{ config(post_hook='{{ drop_component_rounds() }}') }}

{{ connected_components(ref('int_identity_edges')) }}
