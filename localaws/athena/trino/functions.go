package trino

// The functions of Athena engine version 3 that are here, with what DuckDB makes
// of them. trino_… are macros and functions that the engine defines (package
// athena, macros.go and functions.go).
// https://trino.io/docs/current/functions.html
const scalarFunctions = `
	# mathematics
	abs(N) N => abs($1)
	cbrt(double) double => cbrt($1)
	ceil(I) I => $1
	ceil(double) double => ceil($1)
	ceil(decimal) decimal => ceil($1)
	ceiling(I) I => $1
	ceiling(double) double => ceil($1)
	ceiling(decimal) decimal => ceil($1)
	degrees(double) double => degrees($1)
	e() double => exp(1)
	exp(double) double => exp($1)
	floor(I) I => $1
	floor(double) double => floor($1)
	floor(decimal) decimal => floor($1)
	from_base(varchar, bigint) bigint => trino_from_base($1, $2)
	infinity() double => CAST('Infinity' AS DOUBLE)
	is_finite(double) boolean => isfinite($1)
	is_infinite(double) boolean => isinf($1)
	is_nan(double) boolean => isnan($1)
	ln(double) double => ln($1)
	log(double, double) double => (ln($2) / ln($1))
	log2(double) double => log2($1)
	log10(double) double => log10($1)
	nan() double => CAST('NaN' AS DOUBLE)
	pi() double => pi()
	pow(double, double) double => pow($1, $2)
	power(double, double) double => pow($1, $2)
	radians(double) double => radians($1)
	rand() double => random()
	random() double => random()
	random(bigint) bigint => CAST(floor(random() * $1) AS BIGINT)
	random(bigint, bigint) bigint => ($1 + CAST(floor(random() * ($2 - $1)) AS BIGINT))
	rand(bigint) bigint => CAST(floor(random() * $1) AS BIGINT)
	round(I) I => $1
	round(double) double => round($1)
	round(real) real => CAST(round($1) AS REAL)
	round(decimal) decimal => round($1, 0)
	round(I, integer) I => round($1, $2)
	round(double, integer) double => trino_round($1, $2)
	round(real, integer) real => trino_round(CAST($1 AS DOUBLE), $2)
	round(decimal, integer) decimal => trino_round_decimal($1, $2)
	sign(double) double => CAST(sign($1) AS DOUBLE)
	sign(I) I => sign($1)
	sqrt(double) double => trino_sqrt($1)
	to_base(bigint, bigint) varchar => trino_to_base($1, $2)
	truncate(double) double => trunc($1)
	truncate(decimal) decimal => trunc($1)
	truncate(I) I => $1
	truncate(decimal, integer) decimal => trino_truncate_decimal($1, $2)
	width_bucket(double, double, double, bigint) bigint => trino_width_bucket($1, $2, $3, $4)
	acos(double) double => acos($1)
	asin(double) double => asin($1)
	atan(double) double => atan($1)
	atan2(double, double) double => atan2($1, $2)
	cos(double) double => cos($1)
	cosh(double) double => cosh($1)
	sin(double) double => sin($1)
	sinh(double) double => sinh($1)
	tan(double) double => tan($1)
	tanh(double) double => tanh($1)

	# bits
	bit_count(bigint, bigint) bigint => trino_bit_count($1, $2)
	bitwise_and(bigint, bigint) bigint => (CAST($1 AS BIGINT) & CAST($2 AS BIGINT))
	bitwise_or(bigint, bigint) bigint => (CAST($1 AS BIGINT) | CAST($2 AS BIGINT))
	bitwise_xor(bigint, bigint) bigint => xor(CAST($1 AS BIGINT), CAST($2 AS BIGINT))
	bitwise_not(bigint) bigint => (~ CAST($1 AS BIGINT))
	bitwise_left_shift(bigint, bigint) bigint => trino_shift_left(CAST($1 AS BIGINT), CAST($2 AS BIGINT))
	bitwise_right_shift_arithmetic(bigint, bigint) bigint => (CAST($1 AS BIGINT) >> CAST($2 AS BIGINT))

	# text
	chr(bigint) varchar => trino_chr($1)
	codepoint(varchar) integer => unicode($1)
	concat_ws(varchar, array(varchar)) varchar => array_to_string($2, $1)
	concat_ws(varchar, varchar...) varchar => concat_ws($*)
	hamming_distance(varchar, varchar) bigint => trino_hamming($1, $2)
	length(varchar) bigint => length($1)
	length(varbinary) bigint => octet_length($1)
	levenshtein_distance(varchar, varchar) bigint => levenshtein($1, $2)
	lower(varchar) varchar => lower($1)
	lpad(varchar, bigint, varchar) varchar => trino_pad($1, $2, $3, true)
	ltrim(varchar) varchar => ltrim($1, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))
	ltrim(varchar, varchar) varchar => ltrim($1, $2)
	normalize(varchar) varchar => nfc_normalize($1)
	replace(varchar, varchar) varchar => trino_replace($1, $2, '')
	replace(varchar, varchar, varchar) varchar => trino_replace($1, $2, $3)
	reverse(varchar) varchar => trino_reverse($1)
	reverse(array(E)) array(E) => list_reverse($1)
	rpad(varchar, bigint, varchar) varchar => trino_pad($1, $2, $3, false)
	rtrim(varchar) varchar => rtrim($1, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))
	rtrim(varchar, varchar) varchar => rtrim($1, $2)
	split(varchar, varchar) array(varchar) => trino_split($1, $2, 2147483647)
	split(varchar, varchar, bigint) array(varchar) => trino_split($1, $2, $3)
	split_part(varchar, varchar, bigint) varchar => trino_split_part($1, $2, $3)
	split_to_map(varchar, varchar, varchar) map(varchar, varchar) => trino_map_of_pairs(trino_split_pairs($1, $2, $3))
	starts_with(varchar, varchar) boolean => starts_with($1, $2)
	ends_with(varchar, varchar) boolean => ends_with($1, $2)
	strpos(varchar, varchar) bigint => CAST(instr($1, $2) AS BIGINT)
	strpos(varchar, varchar, bigint) bigint => trino_strpos($1, $2, $3)
	substr(varchar, bigint) varchar => trino_substring($1, $2, 2147483647)
	substr(varchar, bigint, bigint) varchar => trino_substring($1, $2, $3)
	substr(varbinary, bigint) varbinary => trino_substring_bytes($1, $2, 2147483647)
	substr(varbinary, bigint, bigint) varbinary => trino_substring_bytes($1, $2, $3)
	substring(varchar, bigint) varchar => trino_substring($1, $2, 2147483647)
	substring(varchar, bigint, bigint) varchar => trino_substring($1, $2, $3)
	translate(varchar, varchar, varchar) varchar => translate($1, $2, $3)
	trim(varchar) varchar => trim($1, ' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13))
	trim(varchar, varchar) varchar => trim($1, $2)
	upper(varchar) varchar => upper($1)

	# regular expressions
	regexp_count(varchar, varchar) bigint => trino_regexp_count($1, $2)
	regexp_extract(varchar, varchar) varchar => trino_regexp_extract($1, $2, 0)
	regexp_extract(varchar, varchar, bigint) varchar => trino_regexp_extract($1, $2, $3)
	regexp_extract_all(varchar, varchar) array(varchar) => trino_regexp_extract_all($1, $2, 0)
	regexp_extract_all(varchar, varchar, bigint) array(varchar) => trino_regexp_extract_all($1, $2, $3)
	regexp_like(varchar, varchar) boolean => trino_regexp_like($1, $2)
	regexp_position(varchar, varchar) bigint => trino_regexp_position($1, $2)
	regexp_replace(varchar, varchar) varchar => trino_regexp_replace($1, $2, '')
	regexp_replace(varchar, varchar, varchar) varchar => trino_regexp_replace($1, $2, $3)
	regexp_split(varchar, varchar) array(varchar) => trino_regexp_split($1, $2)

	# bytes
	from_base64(varchar) varbinary => trino_from_base64($1)
	from_base64(varbinary) varbinary => trino_from_base64(decode($1))
	from_base64url(varchar) varbinary => trino_from_base64url($1)
	to_base64url(varbinary) varchar => trino_to_base64url($1)
	from_hex(varchar) varbinary => trino_from_hex($1)
	from_utf8(varbinary) varchar => trino_from_utf8($1)
	md5(varbinary) varbinary => unhex(md5($1))
	sha1(varbinary) varbinary => unhex(sha1($1))
	sha256(varbinary) varbinary => unhex(sha256($1))
	sha512(varbinary) varbinary => trino_sha512($1)
	crc32(varbinary) bigint => trino_crc32($1)
	to_base64(varbinary) varchar => to_base64($1)
	to_hex(varbinary) varchar => hex($1)
	to_utf8(varchar) varbinary => encode($1)

	# URLs
	url_decode(varchar) varchar => trino_url_decode($1)
	url_encode(varchar) varchar => trino_url_encode($1)
	url_extract_fragment(varchar) varchar => trino_url_part($1, 'fragment')
	url_extract_host(varchar) varchar => trino_url_part($1, 'host')
	url_extract_parameter(varchar, varchar) varchar => trino_url_parameter($1, $2)
	url_extract_path(varchar) varchar => trino_url_part($1, 'path')
	url_extract_port(varchar) bigint => CAST(trino_url_part($1, 'port') AS BIGINT)
	url_extract_protocol(varchar) varchar => trino_url_part($1, 'protocol')
	url_extract_query(varchar) varchar => trino_url_part($1, 'query')

	# JSON
	is_json_scalar(varchar) boolean => trino_is_json_scalar($1)
	is_json_scalar(json) boolean => trino_is_json_scalar($1)
	json_array_contains(varchar, boolean) boolean => trino_json_array_contains($1, CAST($2 AS VARCHAR), 'boolean')
	json_array_contains(varchar, double) boolean => trino_json_array_contains($1, trino_double_text($2), 'number')
	json_array_contains(varchar, varchar) boolean => trino_json_array_contains($1, $2, 'string')
	json_array_contains(json, boolean) boolean => trino_json_array_contains($1, CAST($2 AS VARCHAR), 'boolean')
	json_array_contains(json, double) boolean => trino_json_array_contains($1, trino_double_text($2), 'number')
	json_array_contains(json, varchar) boolean => trino_json_array_contains($1, $2, 'string')
	json_array_get(varchar, bigint) json => trino_json_array_get($1, $2)
	json_array_get(json, bigint) json => trino_json_array_get($1, $2)
	json_array_length(varchar) bigint => trino_json_array_length($1)
	json_array_length(json) bigint => trino_json_array_length($1)
	json_format(json) varchar => $1
	json_parse(varchar) json => trino_json_parse($1)

	# dates and times
	date(varchar) date => trino_parse_date($1)
	date(timestamp) date => CAST($1 AS DATE)
	date(timestamp with time zone) date => CAST($1 AS DATE)
	date_format(timestamp, varchar) varchar => trino_date_format($1, $2)
	date_format(timestamp with time zone, varchar) varchar => trino_date_format($1, $2)
	date_parse(varchar, varchar) timestamp => trino_date_parse($1, $2)
	day(date) bigint => day($1)
	day(timestamp) bigint => day($1)
	day(timestamp with time zone) bigint => day($1)
	day_of_month(date) bigint => day($1)
	day_of_month(timestamp) bigint => day($1)
	day_of_month(timestamp with time zone) bigint => day($1)
	day_of_week(date) bigint => isodow($1)
	day_of_week(timestamp) bigint => isodow($1)
	day_of_week(timestamp with time zone) bigint => isodow($1)
	dow(date) bigint => isodow($1)
	dow(timestamp) bigint => isodow($1)
	dow(timestamp with time zone) bigint => isodow($1)
	day_of_year(date) bigint => dayofyear($1)
	day_of_year(timestamp) bigint => dayofyear($1)
	day_of_year(timestamp with time zone) bigint => dayofyear($1)
	doy(date) bigint => dayofyear($1)
	doy(timestamp) bigint => dayofyear($1)
	doy(timestamp with time zone) bigint => dayofyear($1)
	hour(timestamp) bigint => hour($1)
	hour(timestamp with time zone) bigint => hour($1)
	minute(timestamp) bigint => minute($1)
	minute(timestamp with time zone) bigint => minute($1)
	second(timestamp) bigint => second($1)
	second(timestamp with time zone) bigint => second($1)
	millisecond(timestamp) bigint => (millisecond($1) % 1000)
	millisecond(timestamp with time zone) bigint => (millisecond($1) % 1000)
	month(date) bigint => month($1)
	month(timestamp) bigint => month($1)
	month(timestamp with time zone) bigint => month($1)
	quarter(date) bigint => quarter($1)
	quarter(timestamp) bigint => quarter($1)
	quarter(timestamp with time zone) bigint => quarter($1)
	week(date) bigint => week($1)
	week(timestamp) bigint => week($1)
	week(timestamp with time zone) bigint => week($1)
	week_of_year(date) bigint => week($1)
	week_of_year(timestamp) bigint => week($1)
	week_of_year(timestamp with time zone) bigint => week($1)
	year(date) bigint => year($1)
	year(timestamp) bigint => year($1)
	year(timestamp with time zone) bigint => year($1)
	year_of_week(date) bigint => isoyear($1)
	year_of_week(timestamp) bigint => isoyear($1)
	year_of_week(timestamp with time zone) bigint => isoyear($1)
	yow(date) bigint => isoyear($1)
	yow(timestamp) bigint => isoyear($1)
	yow(timestamp with time zone) bigint => isoyear($1)
	hour(time) bigint => hour($1)
	minute(time) bigint => minute($1)
	second(time) bigint => second($1)
	format_datetime(timestamp with time zone, varchar) varchar => trino_format_datetime(($1).t, ($1).z, $2)
	format_datetime(timestamp, varchar) varchar => trino_format_datetime($1, 'UTC', $2)
	from_iso8601_date(varchar) date => trino_iso8601_date($1)
	from_iso8601_timestamp(varchar) timestamp with time zone => trino_iso8601_timestamp($1, 3)
	from_iso8601_timestamp_nanos(varchar) timestamp with time zone => trino_iso8601_timestamp($1, 6)
	from_unixtime(double) timestamp with time zone => trino_zoned(trino_from_unixtime($1), 'UTC')
	from_unixtime(double, varchar) timestamp with time zone => trino_zoned(trino_from_unixtime($1), trino_zone_name($2))
	from_unixtime(double, bigint, bigint) timestamp with time zone => trino_zoned(trino_from_unixtime($1), trino_offset_name($2, $3))
	human_readable_seconds(double) varchar => trino_human_readable_seconds($1)
	last_day_of_month(date) date => last_day($1)
	last_day_of_month(timestamp) date => last_day($1)
	last_day_of_month(timestamp with time zone) date => last_day($1)
	parse_datetime(varchar, varchar) timestamp with time zone => trino_parse_datetime($1, $2)
	parse_duration(varchar) interval day to second => to_milliseconds(trino_parse_duration($1))
	timezone(timestamp with time zone) varchar => ($1).z
	timezone_hour(timestamp with time zone) bigint => trunc(trino_zone_offset($1) / 3600)
	timezone_minute(timestamp with time zone) bigint => trunc((trino_zone_offset($1) % 3600) / 60)
	to_iso8601(date) varchar => strftime($1, '%Y-%m-%d')
	to_iso8601(timestamp) varchar => strftime($1, '%Y-%m-%dT%H:%M:%S.%g')
	to_iso8601(timestamp with time zone) varchar => trino_to_iso8601(($1).t, ($1).z)
	to_milliseconds(interval day to second) bigint => epoch_ms($1)
	to_unixtime(timestamp) double => (epoch_ms($1) / 1000e0)
	to_unixtime(timestamp with time zone) double => (epoch_ms(($1).t) / 1000e0)

	# arrays
	all_match(array(T), function(T, boolean)) boolean => trino_all(list_transform($1, $2))
	any_match(array(T), function(T, boolean)) boolean => trino_any(list_transform($1, $2))
	none_match(array(T), function(T, boolean)) boolean => (NOT trino_any(list_transform($1, $2)))
	array_average(array(double)) double => list_avg($1)
	array_distinct(array(E)) array(E) => trino_array_distinct($1)
	array_except(array(E), array(E)) array(E) => trino_array_except($1, $2)
	array_first(array(E)) E => $1[1]
	array_last(array(E)) E => $1[-1]
	array_intersect(array(E), array(E)) array(E) => trino_array_intersect($1, $2)
	array_join(array(T), varchar) varchar => array_to_string($text1, $2)
	array_join(array(T), varchar, varchar) varchar => array_to_string(list_transform($text1, lambda nj: coalesce(nj, $3)), $2)
	array_max(array(T)) T => trino_array_max($1)
	array_min(array(T)) T => trino_array_min($1)
	array_position(array(T), T) bigint => (CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL ELSE coalesce(list_position($1, $2), 0) END)
	array_remove(array(T), T) array(T) => trino_array_remove($1, $2)
	array_sort(array(E)) array(E) => list_sort($1, 'ASC', 'NULLS LAST')
	array_sum(array(double)) double => coalesce(list_sum($1), 0)
	array_union(array(E), array(E)) array(E) => trino_array_distinct(trino_array_concat($1, $2))
	arrays_overlap(array(E), array(E)) boolean => trino_arrays_overlap($1, $2)
	cardinality(array(E)) bigint => len($1)
	cardinality(map(K, V)) bigint => cardinality($1)
	combinations(array(T), bigint) array(array(T)) => trino_combinations($1, $2)
	contains(array(T), T) boolean => trino_contains($1, $2)
	contains_sequence(array(T), array(T)) boolean => trino_contains_sequence($1, $2)
	element_at(array(E), bigint) E => trino_element_at($1, CAST($2 AS BIGINT))
	element_at(map(K, V), K) V => map_extract_value($1, $2)
	filter(array(T), function(T, boolean)) array(T) => list_filter($1, $2)
	flatten(array(array(E))) array(E) => flatten($1)
	ngrams(array(T), bigint) array(array(T)) => trino_ngrams($1, CAST($2 AS BIGINT))
	repeat(T, bigint) array(T) => trino_repeat($1, CAST($2 AS BIGINT))
	sequence(bigint, bigint) array(bigint) => trino_sequence(CAST($1 AS BIGINT), CAST($2 AS BIGINT))
	sequence(bigint, bigint, bigint) array(bigint) => trino_sequence_by(CAST($1 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT))
	sequence(date, date) array(date) => generate_series(CAST($1 AS TIMESTAMP), CAST($2 AS TIMESTAMP), CASE WHEN $1 <= $2 THEN INTERVAL 1 DAY ELSE INTERVAL (-1) DAY END)
	sequence(date, date, interval day to second) array(date) => generate_series(CAST($1 AS TIMESTAMP), CAST($2 AS TIMESTAMP), $3)
	sequence(date, date, interval year to month) array(date) => generate_series(CAST($1 AS TIMESTAMP), CAST($2 AS TIMESTAMP), $3)
	sequence(timestamp, timestamp, interval day to second) array(timestamp) => generate_series(CAST($1 AS TIMESTAMP), CAST($2 AS TIMESTAMP), $3)
	sequence(timestamp, timestamp, interval year to month) array(timestamp) => generate_series(CAST($1 AS TIMESTAMP), CAST($2 AS TIMESTAMP), $3)
	slice(array(E), bigint, bigint) array(E) => trino_slice($1, CAST($2 AS BIGINT), CAST($3 AS BIGINT))
	transform(array(T), function(T, R)) array(R) => list_transform($1, $2)
	trim_array(array(E), bigint) array(E) => trino_trim_array($1, CAST($2 AS BIGINT))
	zip(array(T), array(U)) array(row(T, U)) => list_transform(list_zip($1, $2), lambda zz: struct_pack(field0 := zz[1], field1 := zz[2]))
	zip(array(T), array(U), array(V)) array(row(T, U, V)) => list_transform(list_zip($1, $2, $3), lambda zz: struct_pack(field0 := zz[1], field1 := zz[2], field2 := zz[3]))
	zip_with(array(T), array(U), function(T, U, R)) array(R) => list_transform(list_transform(list_zip($1, $2), lambda zz: struct_pack(k := zz[1], v := zz[2])), @3)

	# maps
	map() map(unknown, unknown) => MAP {}
	map(array(K), array(V)) map(K, V) => trino_map($1, $2)
	map_concat(map(K, V), map(K, V)...) map(K, V) => map_concat($*)
	map_entries(map(K, V)) array(row(K, V)) => list_transform(map_entries($1), lambda ee: struct_pack(field0 := ee.key, field1 := ee.value))
	map_filter(map(K, V), function(K, V, boolean)) map(K, V) => map_from_entries(list_filter(trino_entries($1), @2))
	map_from_entries(array(row(K, V))) map(K, V) => map_from_entries($1)
	map_keys(map(K, V)) array(K) => map_keys($1)
	map_values(map(K, V)) array(V) => map_values($1)
	transform_keys(map(K, V), function(K, V, R)) map(R, V) => map(list_transform(trino_entries($1), @2), map_values($1))
	transform_values(map(K, V), function(K, V, R)) map(K, R) => map(map_keys($1), list_transform(trino_entries($1), @2))
`

const aggregateFunctions = `
	any_value(T) T => {any_value($1)}
	approx_distinct(T) bigint => {count(DISTINCT $1)}
	approx_distinct(T, double) bigint => {count(DISTINCT $1)}
	approx_percentile(bigint, double) bigint => {quantile_disc($1, $2)}
	approx_percentile(double, double) double => {quantile_disc($1, $2)}
	approx_percentile(real, double) real => {quantile_disc($1, $2)}
	approx_percentile(bigint, array(double)) array(bigint) => {quantile_disc($1, $2)}
	approx_percentile(double, array(double)) array(double) => {quantile_disc($1, $2)}
	approx_percentile(real, array(double)) array(real) => {quantile_disc($1, $2)}
	arbitrary(T) T => {any_value($1)}
	array_agg(T) array(T) => {list($1)}
	avg(bigint) double => {avg($1)}
	avg(double) double => {avg($1)}
	avg(real) real => {avg($1)}
	avg(decimal) decimal => trino_decimal_divide(CAST({sum($1)} AS VARCHAR), CAST({count($1)} AS VARCHAR), 38, $scale)
	bitwise_and_agg(bigint) bigint => {bit_and($1)}
	bitwise_or_agg(bigint) bigint => {bit_or($1)}
	bitwise_xor_agg(bigint) bigint => {bit_xor($1)}
	bool_and(boolean) boolean => {bool_and($1)}
	bool_or(boolean) boolean => {bool_or($1)}
	corr(double, double) double => {corr($1, $2)}
	count_if(boolean) bigint => {count_if($1)}
	covar_pop(double, double) double => {covar_pop($1, $2)}
	covar_samp(double, double) double => {covar_samp($1, $2)}
	every(boolean) boolean => {bool_and($1)}
	geometric_mean(double) double => exp({avg(ln($1))})
	histogram(K) map(K, bigint) => {histogram($1)}
	kurtosis(double) double => {kurtosis($1)}
	listagg(varchar) varchar => {string_agg($1, '')}
	listagg(varchar, varchar) varchar => {string_agg($1, $2)}
	map_agg(K, V) map(K, V) => trino_first_entries({list(struct_pack(k := $1, v := $2))})
	max(T) T => {max($1)}
	max(T, bigint) array(T) => {max($1, $2)}
	max_by(T, U) T => {arg_max_null($1, $2)}
	max_by(T, U, bigint) array(T) => {arg_max($1, $2, $3)}
	min(T) T => {min($1)}
	min(T, bigint) array(T) => {min($1, $2)}
	min_by(T, U) T => {arg_min_null($1, $2)}
	min_by(T, U, bigint) array(T) => {arg_min($1, $2, $3)}
	multimap_agg(K, V) map(K, array(V)) => trino_grouped_entries({list(struct_pack(k := $1, v := $2))})
	regr_intercept(double, double) double => {regr_intercept($1, $2)}
	regr_slope(double, double) double => {regr_slope($1, $2)}
	set_agg(T) array(T) => trino_array_distinct({list($1)})
	skewness(double) double => {skewness($1)}
	stddev(double) double => {stddev_samp($1)}
	stddev_pop(double) double => {stddev_pop($1)}
	stddev_samp(double) double => {stddev_samp($1)}
	sum(bigint) bigint => {sum($1)}
	sum(double) double => {sum($1)}
	sum(real) real => {sum($1)}
	sum(decimal) decimal => {sum($1)}
	sum(interval day to second) interval day to second => to_microseconds(CAST({sum(epoch_us($1))} AS BIGINT))
	var_pop(double) double => {var_pop($1)}
	var_samp(double) double => {var_samp($1)}
	variance(double) double => {var_samp($1)}
`

const windowFunctions = `
	cume_dist() double => {cume_dist()}
	dense_rank() bigint => {dense_rank()}
	first_value(T) T => {first_value($1)}
	lag(T) T => {lag($1)}
	lag(T, bigint) T => {lag($1, CAST($2 AS INTEGER))}
	lag(T, bigint, T) T => {lag($1, CAST($2 AS INTEGER), $3)}
	last_value(T) T => {last_value($1)}
	lead(T) T => {lead($1)}
	lead(T, bigint) T => {lead($1, CAST($2 AS INTEGER))}
	lead(T, bigint, T) T => {lead($1, CAST($2 AS INTEGER), $3)}
	nth_value(T, bigint) T => {nth_value($1, $2)}
	ntile(bigint) bigint => {ntile($1)}
	percent_rank() double => {percent_rank()}
	rank() bigint => {rank()}
	row_number() bigint => {row_number()}
`

// missing are functions of Athena engine version 3 that are not here: a query
// that names one is refused for that.
var missing = wordSet(`array_histogram bing_tile bing_tile_at bing_tiles_around bitwise_right_shift beta_cdf cardinality_hll checksum
classify color bar render rgb contains_ip cosine_similarity current_groups date_time empty_approx_set evaluate_classifier_predictions
approx_most_frequent approx_set merge qdigest_agg tdigest_agg value_at_quantile values_at_quantiles quantile_at_value
from_big_endian_32 from_big_endian_64 from_ieee754_32 from_ieee754_64 to_big_endian_32 to_big_endian_64 to_ieee754_32 to_ieee754_64
great_circle_distance geometry_union hash_counts hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 index intersection_cardinality
inverse_beta_cdf inverse_normal_cdf is_subnet_of jaccard_index json_exists json_query json_value json_object json_array json_table
learn_classifier learn_regressor line_locate_point luhn_check make_set_digest map_union map_zip_with merge_set_digest multimap_from_entries
murmur3 normal_cdf numeric_histogram parse_data_size parse_presto_data_size reduce_agg regress shuffle simplify_geometry soundex
split_to_multimap spooky_hash_v2_32 spooky_hash_v2_64 st_area st_asbinary st_astext st_contains st_distance st_geometryfromtext st_point st_polygon
st_intersects st_within st_x st_y st_buffer st_linefromtext t_cdf to_geometry tdigest timestamp_objectid uuid version wilson_interval_lower
wilson_interval_upper word_stem xxhash64 entropy current_user_name objectid decimal_log bitwise_logical_right_shift random_string at`)
