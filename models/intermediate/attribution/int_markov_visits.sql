{{ config(post_hook='{{ drop_matrix_rounds() }}') }}

{{ fundamental_matrix(ref('int_markov_moves')) }}
