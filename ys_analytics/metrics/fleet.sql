-- The twelve headline metrics of every portfolio, from its snapshots and its external flows, in ClickHouse's SQL.
-- Written over arrays, one row a portfolio: windows, joins and folds over rows of days cost many times as much.
WITH
-- External flows, handed over by the caller, for they live in another store; an empty amount has no price.
flows AS (
    SELECT
        tupleElement(flow, 1) AS portfolio_id,
        tupleElement(flow, 2) AS moment,
        toDecimal128OrNull(tupleElement(flow, 3), 18) AS amount
    FROM (
        SELECT arrayJoin(
            arrayZip({{flow_portfolios:Array(String)}}, {{flow_moments:Array(Int64)}}, {{flow_amounts:Array(String)}})
        ) AS flow
    )
),
-- Closes of each portfolio in order: the last snapshot of each UTC day, of two at once the larger. Then each with the
-- close before it; the first has none, and 0 stands in its place.
series AS (
    SELECT
        portfolio_id,
        {closes},
        arrayMap(row -> toDate(tupleElement(row, 1), 'UTC'), closes) AS day,
        arrayMap(row -> tupleElement(row, 2), closes) AS value,
        arrayMap(row -> toUnixTimestamp64Micro(tupleElement(row, 1)), closes) AS closed_at,
        arrayPushFront(arrayPopBack(value), 0) AS before,
        arrayPushFront(arrayPopBack(closed_at), 0) AS opened_at,
        arrayMap(
            (day, earlier, place) -> if(place = 1, 1, toInt64(day - earlier)),
            day, arrayPushFront(arrayPopBack(day), toDate(0)), arrayEnumerate(day)
        ) AS span
    FROM {snapshots}
    WHERE timestamp < fromUnixTimestamp64Micro({{until:Int64}}, 'UTC')
        AND portfolio_id > {{after:String}} AND ({{last:String}} = '' OR portfolio_id <= {{last:String}})
    GROUP BY portfolio_id
),
-- Flows of each period, which ends with its close: their sum, and the average capital they leave at work, which is what
-- was in after each flow, and for how long.
moved AS (
    SELECT
        portfolio_id, place,
        ifNull(sum(amount), 0) AS flow,
        sum(toFloat64(amount) * (closed - moment) / (closed - opened)) AS weighted,
        ifNull(sum(abs(toFloat64(amount))), 0) AS size,
        countIf(amount IS NULL) AS unpriced,
        any(opening) AS start,
        any(opened) AS since,
        any(closed) AS until,
        arraySort(
            step -> (tupleElement(step, 1), -tupleElement(step, 2)),
            groupArray((moment, ifNull(toFloat64(amount), toFloat64(0))))
        ) AS steps,
        arrayMap(step -> tupleElement(step, 1), steps) AS moments,
        arrayPushFront(
            arrayMap(total -> total + start, arrayCumSum(arrayMap(step -> tupleElement(step, 2), steps))), start
        ) AS books,
        arrayMap((since, till) -> till - since, arrayPushFront(moments, since), arrayPushBack(moments, until)) AS lengths,
        arrayMax(books) AS peak,
        arraySum((book, length) -> if(book > greatest(peak, 0) * {at_work}, length, 0), books, lengths) AS worked,
        arraySum((book, length) -> if(book > greatest(peak, 0) * {at_work}, book * length, 0), books, lengths) AS money,
        multiIf(
            worked = until - since, start + ifNull(weighted, 0),
            worked > 0, money / worked,
            arrayMax(arrayPopFront(books))
        ) AS capital
    FROM (
        SELECT
            portfolio_id, moment, amount,
            toInt64(arrayCount(close -> close <= moment, closed_at) + 1) AS place,
            toFloat64(arrayElement(before, place)) AS opening,
            arrayElement(opened_at, place) AS opened,
            arrayElement(closed_at, place) AS closed
        FROM flows INNER JOIN series USING (portfolio_id)
        WHERE place BETWEEN 2 AND length(closed_at)
    )
    GROUP BY portfolio_id, place
),
moves AS (
    SELECT
        portfolio_id,
        groupArray(place) AS places,
        groupArray(flow) AS flow,
        groupArray(size) AS size,
        groupArray(capital) AS capital,
        groupArray(unpriced) AS unpriced
    FROM moved
    GROUP BY portfolio_id
),
-- Daily Modified Dietz: not there for the first close, without capital at work, or with a flow without a price.
returns AS (
    SELECT
        series.portfolio_id AS portfolio_id, day, span,
        arrayMap(place -> indexOf(moves.places, place), arrayEnumerate(day)) AS at,
        arrayMap(
            (before, at) -> if(at = 0, toFloat64(before), arrayElement(moves.capital, at)), before, at
        ) AS capital,
        arrayMap(
            (value, before, at) -> toFloat64(value - before - if(at = 0, toDecimal128(0, 18), arrayElement(moves.flow, at))),
            value, before, at
        ) AS gain,
        arrayMap(
            (before, capital, day, at, place) -> place > 1 AND day >= {{since:Date}}
                AND if(at = 0, 0, arrayElement(moves.unpriced, at)) = 0
                AND capital > 1e-12 * (abs(toFloat64(before)) + if(at = 0, 0, arrayElement(moves.size, at))),
            before, capital, day, at, arrayEnumerate(day)
        ) AS known,
        toInt64(arrayCount(
            (day, at) -> day >= {{since:Date}} AND if(at = 0, 0, arrayElement(moves.unpriced, at)) > 0, day, at
        )) AS unpriced_days
    FROM series LEFT JOIN moves USING (portfolio_id)
    WHERE arrayElement(day, -1) >= {{since:Date}}
),
-- What the metrics share. A return over several days is no day's: it is linked, and left out of what describes a day.
-- The logarithm of a fall is the running sum of log losses, begun again at each new peak.
shared AS (
    SELECT
        portfolio_id, unpriced_days,
        arrayFilter((ret, known) -> known, arrayMap((gain, capital) -> gain / capital, gain, capital), known) AS rets,
        arrayFilter((span, known) -> known, span, known) AS spans,
        arrayFilter((day, known) -> known, day, known) AS ends,
        arrayFilter((ret, span) -> span <= 1, rets, spans) AS dailies,
        toInt64(length(rets)) AS n,
        toInt64(length(dailies)) AS alone,
        toInt64(arraySum(spans)) AS spanned,
        if(n = 0, NULL, arrayElement(ends, 1) - (arrayElement(spans, 1) - 1)) AS start,
        if(n = 0, NULL, arrayElement(ends, -1)) AS end,
        toInt64(dateDiff('day', start, end) + 1) AS days,
        arrayProduct(arrayMap(ret -> 1 + ret, rets)) - 1 AS total,
        exp(-arrayMax(arrayPushFront(arrayCumSumNonNegative(arrayMap(ret -> -log1p(ret), rets)), 0))) - 1 AS deepest,
        arrayAvg(dailies) AS mean,
        arrayReduce('stddevSampStable', dailies) AS deviation,
        sqrt(arrayAvg(ret -> pow(least(ret - {{risk_free:Float64}}, 0), 2), dailies)) AS downside,
        arraySort(dailies) AS sorted,
        (alone - 1) * {{tail:Float64}} AS rank,
        toInt64(floor(rank)) AS below,
        arrayElement(sorted, below + 1) + if(
            below + 1 < alone, (rank - below) * (arrayElement(sorted, below + 2) - arrayElement(sorted, below + 1)), 0
        ) AS edge,
        -- What links is stated of a window only if each return is known and none begins before it.
        unpriced_days = 0 AND (n = 0 OR arrayMin(rets) >= -1) AND isFinite(total)
            AND ifNull(start >= {{since:Date}}, 1) AS sound,
        pow(1 + total, {year} / days) - 1 AS growth
    FROM returns
)
SELECT
    portfolio_id, n, alone AS daily, spanned, unpriced_days AS unknown, n / days AS coverage, start, end, days,
    if(spanned >= {least_total_return} AND sound, total, NULL) AS total_return,
    if(spanned >= {least_cagr} AND sound AND isFinite(growth), growth, NULL) AS cagr,
    if(alone >= {least_volatility}, if(deviation > {no_risk}, deviation, 0) * sqrt({year}), NULL) AS volatility,
    if(alone >= {least_sharpe_ratio} AND deviation > {no_risk},
       (mean - {{risk_free:Float64}}) / deviation * sqrt({year}), NULL) AS sharpe_ratio,
    if(alone >= {least_sortino_ratio} AND downside > {no_risk},
       (mean - {{risk_free:Float64}}) / downside * sqrt({year}), NULL) AS sortino_ratio,
    if(spanned >= {least_max_drawdown} AND sound, deepest, NULL) AS max_drawdown,
    if(spanned >= {least_calmar_ratio} AND sound AND isFinite(growth) AND deepest < -{no_risk},
       growth / -deepest, NULL) AS calmar_ratio,
    if(alone >= {least_value_at_risk}, 0 - edge, NULL) AS value_at_risk,
    if(alone >= {least_expected_shortfall}, 0 - arrayAvg(arrayFilter(ret -> ret <= edge, sorted)), NULL)
        AS expected_shortfall,
    if(alone >= {least_best_day}, arrayMax(dailies), NULL) AS best_day,
    if(alone >= {least_worst_day}, arrayMin(dailies), NULL) AS worst_day,
    if(alone >= {least_win_rate}, arrayAvg(ret -> ret > 0, dailies), NULL) AS win_rate
FROM shared
ORDER BY portfolio_id
