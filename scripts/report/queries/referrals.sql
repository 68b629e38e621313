select
    month_start, invitations, referrers, active_customers, converted, conversion_rate, conversion_rate_low,
conversion_rate_high, k_factor, referred_customers, revenue_per_referred_customer, revenue_per_other_customer
from marts.kpi_referrals
where dimension = 'all' and is_complete
order by month_start
