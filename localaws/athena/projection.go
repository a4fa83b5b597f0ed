package athena

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"crawlerless/localaws/athena/javatime"
	"crawlerless/localaws/athena/trino"
)

// projected finds the partitions of a table with partition projection. Athena
// computes them from the properties; here the objects that exist are held
// against the properties, which leaves the same partitions without the empty
// ones.
// https://docs.aws.amazon.com/athena/latest/ug/partition-projection-setting-up.html
func (q *query) projected(ctx context.Context, db *sql.DB, s *source, scan *trino.Scan) ([]part, error) {
	keys := make([]*projection, len(s.keys))
	var missing []string
	for i, k := range s.keys {
		p, err := newProjection(k.Name, s.table.Parameters, q.service.env.Clock.Now())
		if err != nil {
			return nil, fail("INVALID_TABLE_PROPERTY: " + err.Error())
		}
		if p == nil {
			missing = append(missing, k.Name)
		} else if p.kind == "injected" && !scan.Fixed[k.Name] {
			return nil, fail("CONSTRAINT_VIOLATION: For the injected projected partition column " + k.Name + ", the WHERE clause must contain only static equality conditions, and at least one such condition must be present.")
		}
		keys[i] = p
	}
	if len(missing) > 0 {
		return nil, fail(fmt.Sprintf("INVALID_TABLE_PROPERTY: Table %s.%s is configured for partition projection, but the following partition columns are missing projection configuration: [%s]",
			aws.ToString(s.table.DatabaseName), aws.ToString(s.table.Name), strings.Join(missing, ", ")))
	}
	root, place, order, err := s.template(keys)
	if err != nil {
		return nil, err
	}
	objects, err := q.list(ctx, root)
	if err != nil {
		return nil, err
	}
	found := map[string][]string{}
	for _, o := range objects {
		m := place.FindStringSubmatch("s3://" + o.bucket + "/" + o.key)
		if m == nil || found[m[0]] != nil {
			continue
		}
		values := make([]string, len(keys))
		legal := true
		for i, at := range order {
			legal = legal && (values[at] == "" || values[at] == m[i+1]) && keys[at].allows(m[i+1])
			values[at] = m[i+1]
		}
		if legal {
			found[m[0]] = values
		}
	}
	locations := slices.Sorted(maps.Keys(found))
	values := make([][]string, len(locations))
	for i, l := range locations {
		values[i] = found[l]
	}
	chosen, err := s.selected(ctx, db, scan, values)
	if err != nil {
		return nil, err
	}
	var parts []part
	for _, i := range chosen {
		sd := *s.table.StorageDescriptor
		sd.Location = &locations[i]
		p, err := s.part(&sd, values[i])
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

var placeholders = regexp.MustCompile(`\$\{([^}]*)\}`)

// template reads storage.location.template: the folder below which all
// partitions lie, the pattern of their locations, and which key each group of
// it is.
func (s *source) template(keys []*projection) (root string, place *regexp.Regexp, order []int, err error) {
	template := s.table.Parameters["storage.location.template"]
	if template == "" {
		template = strings.TrimSuffix(aws.ToString(s.table.StorageDescriptor.Location), "/") + "/"
		for _, k := range s.keys {
			template += k.Name + "=${" + k.Name + "}/"
		}
	}
	if !strings.HasSuffix(template, "/") {
		template += "/"
	}
	pattern, last := "^", 0
	for _, m := range placeholders.FindAllStringSubmatchIndex(template, -1) {
		name := strings.ToLower(template[m[2]:m[3]])
		at := -1
		for i, k := range s.keys {
			if k.Name == name {
				at = i
			}
		}
		if at < 0 {
			return "", nil, nil, fail("INVALID_TABLE_PROPERTY: storage.location.template names " + name + ", which is no partition column")
		}
		if root == "" {
			root = template[:m[0]]
			root = root[:strings.LastIndexByte(root, '/')+1]
		}
		pattern += regexp.QuoteMeta(template[last:m[0]]) + "(" + keys[at].pattern() + ")"
		order, last = append(order, at), m[1]
	}
	for i, k := range s.keys {
		if !slices.Contains(order, i) {
			return "", nil, nil, fail("INVALID_TABLE_PROPERTY: storage.location.template " + template + " lacks ${" + k.Name + "}")
		}
	}
	place, err = regexp.Compile(pattern + regexp.QuoteMeta(template[last:]))
	return root, place, order, err
}

// projection is what the properties say of one key.
type projection struct {
	kind     string
	values   []string // enum
	min, max int64    // integer
	step     int64
	digits   int
	format   *javatime.Pattern // date
	from, to time.Time
	unit     string
}

// newProjection reads projection.<key>.*; nil where there is no type.
func newProjection(key string, parameters map[string]string, now time.Time) (*projection, error) {
	get := func(name string) string { return strings.TrimSpace(parameters["projection."+key+"."+name]) }
	p := &projection{kind: strings.ToLower(get("type")), step: 1}
	if text := get("interval"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("projection.%s.interval is not a positive number: %s", key, text)
		}
		p.step = n
	}
	from, to, _ := strings.Cut(get("range"), ",")
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
	switch p.kind {
	case "":
		return nil, nil
	case "injected":
		return p, nil
	case "enum":
		for v := range strings.SplitSeq(get("values"), ",") {
			p.values = append(p.values, strings.TrimSpace(v))
		}
		if get("values") == "" {
			return nil, fmt.Errorf("projection.%s.values is missing", key)
		}
		return p, nil
	case "integer":
		var err1, err2, err3 error
		p.min, err1 = strconv.ParseInt(from, 10, 64)
		p.max, err2 = strconv.ParseInt(to, 10, 64)
		if text := get("digits"); text != "" {
			p.digits, err3 = strconv.Atoi(text)
		}
		if err1 != nil || err2 != nil || err3 != nil {
			return nil, fmt.Errorf("projection.%s.range or .digits is not of integers: %s", key, get("range"))
		}
		return p, nil
	case "date":
		return p, p.dates(key, get("format"), from, to, get("interval.unit"), get("interval"), now)
	}
	return nil, fmt.Errorf("projection.%s.type is not one of enum, integer, date, injected: %s", key, p.kind)
}

func (p *projection) dates(key, format, from, to, unit, interval string, now time.Time) error {
	var err error
	if p.format, err = javatime.Compile(format, javatime.JavaTime); err != nil || format == "" {
		return fmt.Errorf("projection.%s.format is not a format: %s", key, format)
	}
	p.unit = strings.TrimSuffix(strings.ToLower(unit), "s")
	if p.unit == "" {
		// Without a unit a step is a day, or a month where the format shows no days.
		switch finest := p.format.Finest(); {
		case finest >= 28*24*time.Hour:
			p.unit = "month"
		case finest >= 24*time.Hour:
			p.unit = "day"
		case interval == "":
			return fmt.Errorf("projection.%s.interval and .interval.unit are required with the format %s", key, format)
		default:
			return fmt.Errorf("projection.%s.interval.unit is missing", key)
		}
	}
	for text, at := range map[string]*time.Time{from: &p.from, to: &p.to} {
		if *at, err = p.bound(text, now); err != nil {
			return fmt.Errorf("projection.%s.range: %w", key, err)
		}
	}
	return nil
}

var relative = regexp.MustCompile(`^(?i)NOW\s*(?:([+-])\s*(\d+)\s*([A-Z]+?)S?)?$`)

// bound is a date in the key's format, or NOW with what is added to it.
func (p *projection) bound(text string, now time.Time) (time.Time, error) {
	m := relative.FindStringSubmatch(text)
	if m == nil {
		return p.format.Parse(text)
	}
	// What the format does not show does not count.
	if m[2] != "" {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			return time.Time{}, err
		}
		if m[1] == "-" {
			n = -n
		}
		var ok bool
		if now, ok = shift(now, strings.ToLower(m[3]), n); !ok {
			return time.Time{}, fmt.Errorf("%s is not a unit of time", m[3])
		}
	}
	return p.format.Parse(p.format.Format(now.UTC()))
}

func shift(t time.Time, unit string, n int) (time.Time, bool) {
	switch unit {
	case "year":
		return t.AddDate(n, 0, 0), true
	case "month":
		return t.AddDate(0, n, 0), true
	case "week":
		return t.AddDate(0, 0, 7*n), true
	case "day":
		return t.AddDate(0, 0, n), true
	case "hour":
		return t.Add(time.Duration(n) * time.Hour), true
	case "minute":
		return t.Add(time.Duration(n) * time.Minute), true
	case "second":
		return t.Add(time.Duration(n) * time.Second), true
	case "milli", "millisecond":
		return t.Add(time.Duration(n) * time.Millisecond), true
	}
	return t, false
}

// pattern matches the values of the key within a location.
func (p *projection) pattern() string {
	switch p.kind {
	case "enum":
		list := make([]string, len(p.values))
		for i, v := range p.values {
			list[i] = regexp.QuoteMeta(v)
		}
		// The longest first: one value may begin with another.
		slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
		return strings.Join(list, "|")
	case "integer":
		return `-?[0-9]+`
	case "date":
		return `[^/]+` + strings.Repeat(`/[^/]+`, strings.Count(p.format.String(), "/"))
	}
	return `[^/]+`
}

// allows reports whether the properties project a value.
func (p *projection) allows(value string) bool {
	switch p.kind {
	case "enum":
		return slices.Contains(p.values, value)
	case "integer":
		n, err := strconv.ParseInt(value, 10, 64)
		text := strconv.FormatInt(n, 10)
		if p.digits > 0 {
			text = fmt.Sprintf("%0*d", p.digits, n)
		}
		return err == nil && n >= p.min && n <= p.max && (n-p.min)%p.step == 0 && text == value
	case "date":
		t, err := p.format.Parse(value)
		return err == nil && !t.Before(p.from) && !t.After(p.to) && p.stepped(t) && p.format.Format(t) == value
	}
	return value != ""
}

// stepped reports whether whole steps lead from the beginning of the range to t.
func (p *projection) stepped(t time.Time) bool {
	switch p.unit {
	case "year", "month":
		months := int64(t.Year()-p.from.Year())*12 + int64(t.Month()) - int64(p.from.Month())
		if p.unit == "year" {
			return months%12 == 0 && months/12%p.step == 0
		}
		return months%p.step == 0
	}
	one, ok := shift(p.from, p.unit, 1)
	if !ok {
		return false
	}
	length := int64(one.Sub(p.from) / time.Millisecond)
	return t.Sub(p.from).Milliseconds()%(length*p.step) == 0
}
