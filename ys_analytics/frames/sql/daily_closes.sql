-- Closing price of each asset and day: its last quote of that day, in USD, whatever its source.
-- Of two quotes of one moment the higher is taken.
-- Written so that the projection `daily_close_utc` answers: it groups and filters by that day.
SELECT
    asset_id,
    chain_id,
    {day} AS day,
    {close} AS price,
    max(timestamp) AS closed_at
FROM market_data
WHERE {condition}
GROUP BY asset_id, chain_id, day
ORDER BY asset_id, chain_id, day
