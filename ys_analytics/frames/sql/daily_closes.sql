-- Closing price of each asset and day: its last quote of that day, in USD, whatever its source; of two quotes of one
-- moment either, since the projection keeps no more.
-- Written so that the projection `daily_close` answers: it groups by toDate(timestamp) and filters by the day.
SELECT
    asset_id,
    chain_id,
    toDate(timestamp) AS day,
    argMax(price, timestamp) AS price,
    max(timestamp) AS closed_at
FROM market_data
WHERE {condition}
GROUP BY asset_id, chain_id, day
ORDER BY asset_id, chain_id, day
