package duck

// macros are functions over values of any type. trino_fail raises an error when
// it is reached; its second argument ties it to the row, so that it is not
// evaluated before.
var macros = []string{
	// Numbers.
	"CREATE MACRO trino_divide(a, b) AS CASE WHEN b = 0 THEN trino_fail('DIVISION_BY_ZERO: Division by zero', CAST(a AS VARCHAR)) ELSE a // b END",
	"CREATE MACRO trino_modulo(a, b) AS CASE WHEN b = 0 THEN trino_fail('DIVISION_BY_ZERO: Division by zero', CAST(a AS VARCHAR)) ELSE a % b END",
	"CREATE MACRO trino_sqrt(x) AS CASE WHEN x < 0 THEN CAST('NaN' AS DOUBLE) ELSE sqrt(x) END",
	"CREATE MACRO trino_round_decimal(x, n) AS trino_decimal_digits(CAST(x AS VARCHAR), CAST(n AS BIGINT), true)",
	"CREATE MACRO trino_truncate_decimal(x, n) AS trino_decimal_digits(CAST(x AS VARCHAR), CAST(n AS BIGINT), false)",
	"CREATE MACRO trino_date_shift(d, millis) AS CASE WHEN millis % 86400000 <> 0 THEN CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date', CAST(d AS VARCHAR)) AS DATE) ELSE d + CAST(millis // 86400000 AS INTEGER) END",

	// Timestamps with a time zone are structs of the instant and the zone.
	"CREATE MACRO trino_zoned(t, z) AS CASE WHEN t IS NOT NULL AND z IS NOT NULL THEN struct_pack(t := CAST(t AS TIMESTAMP), z := CAST(z AS VARCHAR)) END",
	"CREATE MACRO trino_wall_at(t, z) AS CASE WHEN z = 'UTC' THEN t ELSE trino_zone_wall(t, z) END",
	"CREATE MACRO trino_wall(x) AS CASE WHEN (x).z = 'UTC' THEN (x).t ELSE trino_zone_wall((x).t, (x).z) END",
	"CREATE MACRO trino_rezone(wall, z) AS trino_zoned(CASE WHEN z = 'UTC' THEN wall ELSE trino_zone_instant(wall, z) END, z)",
	"CREATE MACRO trino_zone_offset(x) AS CASE WHEN (x).z = 'UTC' THEN 0 ELSE epoch(CAST(trino_zone_wall((x).t, (x).z) AS TIMESTAMP)) - epoch(CAST((x).t AS TIMESTAMP)) END",
	"CREATE MACRO trino_date_trunc(unit, t) AS CAST(date_trunc(unit, t) AS TIMESTAMP)",

	// Arrays. Their positions count from one.
	"CREATE MACRO trino_subscript(x, i) AS CASE WHEN i = 0 THEN x[CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', CAST(i AS VARCHAR)) AS BIGINT)] " +
		"WHEN i < 0 THEN x[CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Array subscript is negative: ' || i, CAST(i AS VARCHAR)) AS BIGINT)] " +
		"WHEN i > len(x) THEN x[CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: ' || i || ' > ' || len(x), CAST(i AS VARCHAR)) AS BIGINT)] ELSE x[i] END",
	"CREATE MACRO trino_element_at(x, i) AS CASE WHEN i = 0 THEN x[CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', CAST(i AS VARCHAR)) AS BIGINT)] ELSE x[i] END",
	"CREATE MACRO trino_map_subscript(m, k, shown) AS CASE WHEN m IS NULL OR k IS NULL THEN NULL WHEN map_contains(m, k) THEN map_extract_value(m, k) " +
		"ELSE map_extract(m, k)[CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || shown, shown) AS BIGINT)] END",
	"CREATE MACRO trino_any(list) AS CASE WHEN list IS NULL THEN NULL WHEN list_contains(list, true) THEN true WHEN len(list_filter(list, lambda x: x IS NULL)) > 0 THEN NULL ELSE false END",
	"CREATE MACRO trino_all(list) AS CASE WHEN list IS NULL THEN NULL WHEN list_contains(list, false) THEN false WHEN len(list_filter(list, lambda x: x IS NULL)) > 0 THEN NULL ELSE true END",
	"CREATE MACRO trino_contains(list, x) AS CASE WHEN list IS NULL OR x IS NULL THEN NULL WHEN list_contains(list, x) THEN true WHEN len(list_filter(list, lambda e: e IS NULL)) > 0 THEN NULL ELSE false END",
	"CREATE MACRO trino_arrays_overlap(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN list_has_any(a, b) THEN true WHEN len(a) > 0 AND len(b) > 0 AND len(list_filter(list_concat(a, b), lambda e: e IS NULL)) > 0 THEN NULL ELSE false END",
	"CREATE MACRO trino_array_concat(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE list_concat(a, b) END",
	"CREATE MACRO trino_array_append(a, x) AS CASE WHEN a IS NULL THEN NULL ELSE list_append(a, x) END",
	"CREATE MACRO trino_array_prepend(x, a) AS CASE WHEN a IS NULL THEN NULL ELSE list_prepend(x, a) END",
	// list_distinct loses the order and NULLs: the first of each kind is kept.
	"CREATE MACRO trino_array_distinct(a) AS list_transform(list_filter(list_transform(range(1, len(a) + 1), lambda i: struct_pack(v := a[i], first := CASE WHEN a[i] IS NULL THEN len(list_filter(a[1:i - 1], lambda e: e IS NULL)) = 0 ELSE NOT list_contains(a[1:i - 1], a[i]) END)), lambda s: s.first), lambda s: s.v)",
	"CREATE MACRO trino_has(list, x) AS CASE WHEN x IS NULL THEN len(list_filter(list, lambda h: h IS NULL)) > 0 ELSE list_contains(list, x) END",
	"CREATE MACRO trino_array_except(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE trino_array_distinct(list_filter(a, lambda x: NOT trino_has(b, x))) END",
	"CREATE MACRO trino_array_intersect(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE trino_array_distinct(list_filter(a, lambda x: trino_has(b, x))) END",
	"CREATE MACRO trino_array_remove(a, x) AS CASE WHEN a IS NULL OR x IS NULL THEN NULL ELSE list_filter(a, lambda e: e IS NULL OR e <> x) END",
	"CREATE MACRO trino_array_max(a) AS CASE WHEN len(list_filter(a, lambda e: e IS NULL)) > 0 THEN NULL ELSE list_max(a) END",
	"CREATE MACRO trino_array_min(a) AS CASE WHEN len(list_filter(a, lambda e: e IS NULL)) > 0 THEN NULL ELSE list_min(a) END",
	"CREATE MACRO trino_contains_sequence(a, b) AS CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE len(list_filter(range(0, len(a) - len(b) + 1), lambda i: a[i + 1:i + len(b)] = b)) > 0 END",
	"CREATE MACRO trino_ngrams(a, n) AS CASE WHEN a IS NULL OR n IS NULL THEN NULL WHEN n >= len(a) THEN [a] ELSE list_transform(range(1, len(a) - n + 2), lambda i: a[i:i + n - 1]) END",
	"CREATE MACRO trino_combinations(a, n) AS list_transform(trino_combine(len(a), n), lambda c: list_transform(c, lambda i: a[i]))",
	"CREATE MACRO trino_repeat(x, n) AS list_transform(range(0, n), lambda i: x)",
	"CREATE MACRO trino_sequence(a, b) AS CASE WHEN a <= b THEN range(a, b + 1) ELSE range(a, b - 1, -1) END",
	"CREATE MACRO trino_sequence_by(a, b, s) AS CASE WHEN s = 0 OR s > 0 AND a > b OR s < 0 AND a < b THEN [CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start', CAST(a AS VARCHAR)) AS BIGINT)] ELSE generate_series(a, b, s) END",
	"CREATE MACRO trino_slice(a, f, n) AS CASE WHEN f = 0 THEN a[CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1', CAST(f AS VARCHAR)) AS BIGINT):0] WHEN n < 0 THEN a[CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0', CAST(n AS VARCHAR)) AS BIGINT):0] " +
		"WHEN n = 0 OR f > len(a) OR f < -len(a) THEN a[1:0] WHEN f < 0 THEN a[len(a) + f + 1:len(a) + f + n] ELSE a[f:f + n - 1] END",
	"CREATE MACRO trino_trim_array(a, n) AS CASE WHEN n < 0 THEN a[CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: size must not be negative: ' || n, CAST(n AS VARCHAR)) AS BIGINT):0] WHEN n > len(a) THEN a[CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: size must not exceed array cardinality ' || len(a) || ': ' || n, CAST(n AS VARCHAR)) AS BIGINT):0] WHEN n = len(a) THEN a[1:0] ELSE a[1:len(a) - n] END",

	// Maps.
	"CREATE MACRO trino_map(k, v) AS CASE WHEN k IS NULL OR v IS NULL THEN NULL WHEN len(k) <> len(v) THEN map(k, v[1:CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Key and value arrays must be the same length', CAST(len(k) AS VARCHAR)) AS BIGINT)]) ELSE map(k, v) END",
	"CREATE MACRO trino_entries(m) AS list_transform(map_entries(m), lambda e: struct_pack(k := e.key, v := e.value))",
	"CREATE MACRO trino_map_of_pairs(p) AS map_from_entries(list_transform(p, lambda e: struct_pack(k := e[1], v := e[2])))",
	// Of an aggregate: the first value of each key, and all of them. Keys that are NULL are left out.
	"CREATE MACRO trino_keys(l) AS trino_array_distinct(list_transform(list_filter(l, lambda e: e.k IS NOT NULL), lambda e: e.k))",
	"CREATE MACRO trino_first_entries(l) AS map_from_entries(list_transform(trino_keys(l), lambda k: struct_pack(k := k, v := list_filter(l, lambda e: e.k = k)[1].v)))",
	"CREATE MACRO trino_zip_maps(a, b) AS list_transform(trino_array_distinct(list_concat(map_keys(a), map_keys(b))), lambda k: struct_pack(k := k, v := map_extract_value(a, k), w := map_extract_value(b, k)))",
	"CREATE MACRO trino_count_each(a) AS map_from_entries(list_transform(trino_array_distinct(list_filter(a, lambda e: e IS NOT NULL)), lambda k: struct_pack(k := k, v := len(list_filter(a, lambda e: e = k)))))",
	"CREATE MACRO trino_most_frequent(h, n) AS map_from_entries(list_transform(list_sort(list_transform(map_entries(h), lambda e: struct_pack(n := -CAST(e.value AS BIGINT), k := e.key)))[1:n], lambda e: struct_pack(k := e.k, v := -e.n)))",
	// The first value at which the weights add up to the share of all.
	"CREATE MACRO trino_share(s, p) AS list_filter(list_transform(range(1, len(s) + 1), lambda i: struct_pack(v := s[i].v, c := list_sum(list_transform(s[1:i], lambda e: e.w)))), lambda e: e.c >= p * list_sum(list_transform(s, lambda e2: e2.w)))[1].v",
	"CREATE MACRO trino_weighted(l, p) AS trino_share(list_sort(list_filter(l, lambda e: e.v IS NOT NULL AND e.w IS NOT NULL)), p)",
	"CREATE MACRO trino_grouped_entries(l) AS map_from_entries(list_transform(trino_keys(l), lambda k: struct_pack(k := k, v := list_transform(list_filter(l, lambda e: e.k = k), lambda e: e.v))))",
}
