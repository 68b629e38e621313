{{ config(post_hook='{{ drop_round_tables() }}') }}

{{ fundamental_matrix(ref('int_markov_moves')) }}
