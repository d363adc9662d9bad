-- Closing value of each portfolio and day: its last snapshot of that day, in USD.
-- Two snapshots of one moment are the suites' to judge; until then the larger one is taken.
SELECT
    portfolio_id,
    toDate(timestamp, 'UTC') AS day,
    argMax(total_value, tuple(timestamp, total_value)) AS value,
    max(timestamp) AS closed_at
FROM portfolio_snapshots
WHERE {condition}
GROUP BY portfolio_id, day
ORDER BY portfolio_id, day
