-- GoogleSQL's arithmetic and text forms where DuckDB's differ. Arguments stand in parentheses by
-- DuckDB's own substitution; each macro is one expression, so the optimizer sees through it.

-- Fails with its argument; the endpoint finds the message between the two control characters.
CREATE OR REPLACE MACRO bq_fail(message) AS CAST(concat(chr(2), message, chr(3)) AS BIGINT);

CREATE OR REPLACE MACRO bq_numeric_text(x) AS rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.');

CREATE OR REPLACE MACRO bq_float_text(x) AS CASE
    WHEN isnan(x) THEN 'nan' WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'inf' ELSE '-inf' END
    WHEN CAST(printf('%.15g', x) AS DOUBLE) = x THEN printf('%.15g', x)
    ELSE printf('%.17g', x) END;

-- Fractions print in groups of three digits: none, .123 or .123456.
CREATE OR REPLACE MACRO bq_fraction(micros) AS CASE
    WHEN micros = 0 THEN ''
    WHEN micros % 1000 = 0 THEN '.' || lpad(CAST(micros // 1000 AS VARCHAR), 3, '0')
    ELSE '.' || lpad(CAST(micros AS VARCHAR), 6, '0') END;
CREATE OR REPLACE MACRO bq_datetime_text(x, separator) AS
    strftime(x, '%Y-%m-%d') || separator || strftime(x, '%H:%M:%S')
    || bq_fraction(date_part('microseconds', x) % 1000000);
CREATE OR REPLACE MACRO bq_time_text(x) AS
    substr(CAST(x AS VARCHAR), 1, 8) || bq_fraction(date_part('microseconds', x) % 1000000);

-- On the wire a fraction has six digits.
CREATE OR REPLACE MACRO bq_wire_fraction(s) AS
    CASE WHEN contains(s, '.') THEN rpad(s, CAST(instr(s, '.') + 6 AS INTEGER), '0') ELSE s END;

-- Up to 16 digits fit; the sign stands before 0x. (0 - x: DuckDB evaluates a constant unary minus
-- even in a branch that is never taken.) A value of 2^63 or more is refused by the cast.
CREATE OR REPLACE MACRO bq_hex_int(s) AS CASE
    WHEN trim(s) LIKE '-%' THEN CAST(0 - CAST(CAST(substr(trim(s), 2) AS UBIGINT) AS HUGEINT) AS BIGINT)
    ELSE CAST(CAST(ltrim(trim(s), '+') AS UBIGINT) AS BIGINT) END;

-- A double of 2^53 or more is an integer; below, whole and fraction are exact apart. DuckDB's own
-- cast multiplies by 10^9 in floating point.
CREATE OR REPLACE MACRO bq_numeric_from_float(x) AS CASE
    WHEN abs(x) >= 9007199254740992 THEN CAST(CAST(x AS HUGEINT) AS DECIMAL(38,9))
    ELSE CAST(CAST(trunc(x) AS BIGINT) AS DECIMAL(38,9))
        + CAST(x - trunc(x) AS DECIMAL(38,9)) END;

-- 10^9 times a NUMERIC, as an integer; exact while the NUMERIC has at most 20 integer digits.
CREATE OR REPLACE MACRO bq_scaled(x) AS CAST((x) * 1000000000::DECIMAL(10,0) AS HUGEINT);
CREATE OR REPLACE MACRO bq_unscaled(h) AS
    CAST(CAST(h AS DECIMAL(38,0)) * 0.000000001::DECIMAL(10,9) AS DECIMAL(38,9));

-- nullif(): DuckDB may fold constants in a branch that is not taken, and a zero divisor fails.
-- Rounded half away from zero at the ninth decimal, as GoogleSQL does.
-- Products and dividends of 10^20 and more need more than DuckDB's 128 bits: 501, not a guess.
CREATE OR REPLACE MACRO bq_numeric_fail(message) AS
    CAST(CAST(bq_fail(message) AS VARCHAR) AS DECIMAL(38,9));
CREATE OR REPLACE MACRO bq_numeric_multiply(a, b) AS CASE
    WHEN abs(CAST(a AS DOUBLE) * CAST(b AS DOUBLE)) >= 1e29 THEN bq_numeric_fail(concat(
        'numeric overflow: ', bq_numeric_text(a), ' * ', bq_numeric_text(b)))
    WHEN abs(CAST(a AS DOUBLE) * CAST(b AS DOUBLE)) >= 9.9e19 THEN bq_numeric_fail(
        '@501 NUMERIC products of 10^20 and more are not supported here')
    ELSE CAST((a) * (b) AS DECIMAL(38,9)) END;
CREATE OR REPLACE MACRO bq_round_quotient(n, d) AS
    (n // nullif(d, 0))
    + CASE WHEN 2 * abs(n % nullif(d, 0)) >= abs(d) THEN sign(n) * sign(d) ELSE 0 END;
CREATE OR REPLACE MACRO bq_numeric_divide(a, b) AS CASE
    WHEN a IS NULL OR b IS NULL THEN NULL
    WHEN b = 0 THEN CAST(CAST(bq_fail(concat('division by zero: ', bq_numeric_text(a), ' / ',
        bq_numeric_text(b))) AS VARCHAR) AS DECIMAL(38,9))
    WHEN abs(a) >= 99000000000000000000 OR abs(b) >= 99000000000000000000 THEN bq_numeric_fail(
        '@501 NUMERIC division of 10^20 and more is not supported here')
    ELSE bq_unscaled(bq_round_quotient(bq_scaled(a) * 1000000000, bq_scaled(b))) END;
CREATE OR REPLACE MACRO bq_float_divide(a, b) AS CASE
    WHEN b = 0 THEN CAST(CAST(bq_fail(concat('division by zero: ', bq_float_text(a), ' / ',
        bq_float_text(b))) AS VARCHAR) AS DOUBLE)
    ELSE bq_finite(a, b, a / nullif(b, 0), '/') END;
CREATE OR REPLACE MACRO bq_finite(a, b, result, operator) AS CASE
    WHEN isinf(result) AND NOT isinf(a) AND NOT isinf(b) THEN CAST(CAST(bq_fail(concat(
        'double overflow: ', bq_float_text(a), ' ', operator, ' ', bq_float_text(b)))
        AS VARCHAR) AS DOUBLE)
    ELSE result END;
-- A hugeint holds a little more than 38 digits; a NUMERIC does not.
CREATE OR REPLACE MACRO bq_numeric_sum(x) AS CASE
    WHEN x > 99999999999999999999999999999.999999999 OR x < -99999999999999999999999999999.999999999
    THEN CAST(CAST(bq_fail('numeric overflow: SUM') AS VARCHAR) AS DECIMAL(38,9))
    ELSE CAST(x AS DECIMAL(38,9)) END;

-- Texts in files. A NUMERIC with a tenth decimal is no NUMERIC; a timestamp may be epoch seconds.
CREATE OR REPLACE MACRO bq_exact_numeric(s) AS CASE
    WHEN regexp_full_match(s, '\s*[+-]?([0-9]+(\.[0-9]{0,9}0*)?|\.[0-9]{1,9}0*)\s*')
        THEN CAST(s AS DECIMAL(38,9))
    WHEN regexp_full_match(s, '\s*[+-]?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,2}\s*')
        THEN bq_numeric_from_float(CAST(s AS DOUBLE)) END;
CREATE OR REPLACE MACRO bq_loaded_timestamp(s) AS CASE
    WHEN regexp_full_match(s, '\s*-?[0-9]{1,12}(\.[0-9]{1,6})?\s*')
        THEN make_timestamp(CAST(CAST(s AS DECIMAL(20,6)) * 1000000 AS BIGINT))
    WHEN regexp_full_match(s, '\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([ T][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?( ?(Z|UTC|[+-][0-9]{1,2}(:?[0-9]{2})?))?\s*')
        THEN timezone('UTC', CAST(s AS TIMESTAMPTZ)) END;

CREATE OR REPLACE MACRO bq_without_nulls(items, message) AS CASE
    WHEN len(items) > list_count(items) THEN [x for x in items if bq_fail(message) = 0]
    ELSE items END;
