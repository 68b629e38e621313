select
    month_start, sessions, cart_sessions, checkout_sessions, order_sessions, carts_abandoned, cart_abandonment_rate,
cart_abandonment_rate_low, cart_abandonment_rate_high, checkout_abandonment_rate, recovery_rate, form_abandonment_rate
from marts.kpi_cart
where dimension = 'all' and is_complete
order by month_start
