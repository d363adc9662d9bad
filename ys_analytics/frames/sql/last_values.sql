-- Last value of each portfolio before a moment, in USD, and when it was taken; of two at once the larger.
SELECT
    portfolio_id,
    {close} AS value,
    max(timestamp) AS closed_at
FROM portfolio_snapshots
WHERE timestamp < fromUnixTimestamp64Micro({until:Int64}, 'UTC')
GROUP BY portfolio_id
ORDER BY portfolio_id
