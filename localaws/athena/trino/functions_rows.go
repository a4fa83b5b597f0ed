package trino

// The functions over the rows of a group or of a window, written as in
// functions.go.
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
	approx_percentile(bigint, double, double) bigint => trino_weighted({list(struct_pack(v := $1, w := $2))}, $3)
	approx_percentile(double, double, double) double => trino_weighted({list(struct_pack(v := $1, w := $2))}, $3)
	approx_percentile(real, double, double) real => trino_weighted({list(struct_pack(v := $1, w := $2))}, $3)
	approx_most_frequent(bigint, K, bigint) map(K, bigint) => trino_most_frequent({histogram($2)}, $1)
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
	entropy(bigint) double => coalesce(log2({sum($1)}) - {sum(CASE WHEN $1 > 0 THEN $1 * log2($1) ELSE 0 END)} / {sum($1)}, 0)
	histogram(K) map(K, bigint) => {histogram($1)}
	kurtosis(double) double => {kurtosis($1)}
	listagg(varchar) varchar => {string_agg($1, '')}
	listagg(varchar, varchar) varchar => {string_agg($1, $2)}
	map_agg(K, V) map(K, V) => trino_first_entries({list(struct_pack(k := $1, v := $2))})
	map_union(map(K, V)) map(K, V) => trino_first_entries(flatten(list_transform({list($1)}, lambda mu: trino_entries(mu))))
	numeric_histogram(bigint, double) map(double, double) => trino_map_of_pairs(trino_numeric_histogram({list($2)}, $1))
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
// https://trino.io/docs/current/functions/list.html
var missing = wordSet(`approx_set bar beta_cdf bing_tile bing_tile_at bing_tile_coordinates bing_tile_polygon
bing_tile_quadkey bing_tile_zoom_level bing_tiles_around checksum classify classifier color convex_hull_agg cosine_similarity
empty_approx_set evaluate_classifier_predictions features from_base32 from_encoded_polyline from_geojson_geometry
from_unixtime_nanos geometry_from_hadoop_shape geometry_invalid_reason geometry_nearest_points geometry_to_bing_tiles
geometry_union geometry_union_agg hash_counts intersection_cardinality inverse_beta_cdf jaccard_index
json_table learn_classifier learn_libsvm_classifier
learn_libsvm_regressor learn_regressor line_interpolate_point line_interpolate_points line_locate_point
make_set_digest match_number merge merge_set_digest murmur3 objectid objectid_timestamp qdigest_agg
quantile_at_value regress render rgb simplify_geometry soundex spatial_partitioning spatial_partitions
spooky_hash_v2_32 spooky_hash_v2_64 t_cdf t_pdf tdigest_agg timestamp_objectid to_base32 to_encoded_polyline
to_geojson_geometry to_geometry to_spherical_geography value_at_quantile values_at_quantiles version
wilson_interval_lower wilson_interval_upper word_stem
st_area st_asbinary st_astext st_boundary st_buffer st_centroid st_contains st_convexhull st_coorddim st_crosses
st_difference st_dimension st_disjoint st_distance st_endpoint st_envelope st_envelopeaspts st_equals st_exteriorring
st_geometries st_geometryfromtext st_geometryn st_geometrytype st_geomfrombinary st_interiorringn st_interiorrings
st_intersection st_intersects st_isclosed st_isempty st_isring st_issimple st_isvalid st_length st_linefromtext
st_linestring st_multipoint st_numgeometries st_numinteriorring st_numpoints st_overlaps st_point st_pointn st_points
st_polygon st_relate st_startpoint st_symdifference st_touches st_union st_within st_x st_xmax st_xmin st_y st_ymax
st_ymin`)
