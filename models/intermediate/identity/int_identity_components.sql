{{ connected_components(ref('int_identity_edges')) }}
