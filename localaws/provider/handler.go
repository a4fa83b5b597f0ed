package provider

import (
	"context"
	"errors"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// handler is a resource type as the server sees it.
type handler interface {
	token() string
	schema() *object
	// create answers with an id as soon as there is something to delete, also
	// along with an error.
	create(ctx context.Context, s *session, in resource.PropertyMap) (id string, outs resource.PropertyMap, err error)
	// read answers errGone (or an error that isGone) for what is not there.
	read(ctx context.Context, s *session, id string, olds resource.PropertyMap) (resource.PropertyMap, error)
	// update answers with outputs also along with an error, where it could
	// still find out what the resource is now.
	update(ctx context.Context, s *session, id string, olds, news resource.PropertyMap) (resource.PropertyMap, error)
	delete(ctx context.Context, s *session, id string, olds resource.PropertyMap) error
}

// validator is a handler that checks more than types.
type validator interface {
	validate(in resource.PropertyMap, c *checker)
}

// kindOf is a resource type over its properties T, a struct with prop tags.
type typed[T any] struct {
	Token string
	// Create makes the resource. It returns the id as soon as there is
	// something to delete, also along with an error.
	Create func(ctx context.Context, s *session, in *T) (id string, err error)
	// Read fills v with what the resource of that id is. v comes with the last
	// known properties (of an import: none).
	Read func(ctx context.Context, s *session, id string, v *T) error
	// Update makes the resource as in says, whatever of it is so already. nil:
	// every change replaces.
	Update func(ctx context.Context, s *session, id string, old, in *T) error
	// Delete removes the resource; of what is gone, errors that isGone may be
	// returned.
	Delete func(ctx context.Context, s *session, id string, v *T) error
	// Check adds rules to those of the tags.
	Check func(in resource.PropertyMap, c *checker)

	object *object
}

// tagged are the tags of a resource.
type tagged struct {
	Tags    map[string]string `prop:"tags"`
	TagsAll map[string]string `prop:"tagsAll,out,changes"`
}

func (t *tagged) all() *tagged { return t }

func of[T any](t typed[T]) handler {
	t.object = objectOf(typeOf[T]())
	return &t
}

func (t *typed[T]) token() string   { return t.Token }
func (t *typed[T]) schema() *object { return t.object }

func (t *typed[T]) validate(in resource.PropertyMap, c *checker) {
	if t.Check != nil {
		t.Check(in, c)
	}
}

func (t *typed[T]) decode(m resource.PropertyMap) (*T, error) {
	v := new(T)
	return v, decodeInto(t.object, m, v)
}

func (t *typed[T]) encode(v *T) resource.PropertyMap {
	return t.object.encode(reflect.ValueOf(v).Elem())
}

func (t *typed[T]) create(ctx context.Context, s *session, in resource.PropertyMap) (string, resource.PropertyMap, error) {
	v, err := t.decode(in)
	if err != nil {
		return "", nil, err
	}
	id, err := t.Create(ctx, s, v)
	if maybe := (*unsureError)(nil); errors.As(err, &maybe) {
		if _, readErr := t.read(ctx, s, id, t.partial(v, in)); isGone(readErr) {
			id = ""
		}
	}
	if id == "" || err != nil {
		return id, t.partial(v, in), err
	}
	outs, err := t.read(ctx, s, id, t.partial(v, in))
	if err != nil {
		return id, t.partial(v, in), err
	}
	return id, outs, nil
}

// partial is what is known of a resource that could not be read.
func (t *typed[T]) partial(v *T, in resource.PropertyMap) resource.PropertyMap {
	out := t.encode(v)
	for k, p := range in {
		if f := t.object.byName[string(k)]; f != nil {
			out[k] = p
		}
	}
	return out
}

func (t *typed[T]) read(ctx context.Context, s *session, id string, olds resource.PropertyMap) (resource.PropertyMap, error) {
	v, err := t.decode(olds)
	if err != nil {
		return nil, err
	}
	if err := t.Read(ctx, s, id, v); err != nil {
		return nil, err
	}
	if g, ok := any(v).(interface{ all() *tagged }); ok {
		g.all().split(s.defaultTags, olds)
	}
	outs := t.encode(v)
	t.object.preserve(outs, olds)
	return outs, nil
}

// split makes tags of tagsAll: all that the provider's default tags do not
// account for, and what the resource was itself given.
func (t *tagged) split(defaults map[string]string, olds resource.PropertyMap) {
	given := resource.PropertyMap{}
	if v := olds["tags"]; v.IsObject() {
		given = v.ObjectValue()
	}
	if t.TagsAll == nil {
		t.TagsAll = map[string]string{}
	}
	t.Tags = nil
	for k, v := range t.TagsAll {
		if _, own := given[resource.PropertyKey(k)]; !own {
			if d, ok := defaults[k]; ok && d == v {
				continue
			}
		}
		if t.Tags == nil {
			t.Tags = map[string]string{}
		}
		t.Tags[k] = v
	}
}

// preserve keeps the wording of documents that AWS gives back in another, the
// order of sets, and what AWS never tells.
func (o *object) preserve(outs, olds resource.PropertyMap) {
	for _, f := range o.fields {
		key := resource.PropertyKey(f.name)
		old, had := olds[key]
		now, has := outs[key]
		switch {
		case !had:
		case f.keep:
			outs[key] = old
		case !has:
		case f.doc != plainText && old.IsString() && now.IsString():
			if f.doc.same(old.StringValue(), now.StringValue()) {
				outs[key] = old
			}
		case f.kind == kObject && old.IsObject() && now.IsObject():
			f.obj.preserve(now.ObjectValue(), old.ObjectValue())
		case f.kind == kList && old.IsArray() && now.IsArray():
			a, b := old.ArrayValue(), now.ArrayValue()
			if f.set {
				if x, y := withoutCommon(f.elem, a, b); len(x) == 0 && len(y) == 0 {
					outs[key] = old
				}
			} else if f.elem.kind == kObject && len(a) == len(b) {
				for i := range b {
					if a[i].IsObject() && b[i].IsObject() {
						f.elem.obj.preserve(b[i].ObjectValue(), a[i].ObjectValue())
					}
				}
			}
		}
	}
}

func (t *typed[T]) update(ctx context.Context, s *session, id string, olds, news resource.PropertyMap) (resource.PropertyMap, error) {
	old, err := t.decode(olds)
	if err != nil {
		return nil, err
	}
	in, err := t.decode(news)
	if err != nil {
		return nil, err
	}
	if t.Update != nil {
		err = t.Update(ctx, s, id, old, in)
	}
	// What AWS makes is not in the inputs: it is carried over for Read.
	state := t.carry(in, news, olds)
	outs, readErr := t.read(ctx, s, id, state)
	if err != nil {
		if readErr != nil {
			return nil, err
		}
		return outs, err
	}
	return outs, readErr
}

func (t *typed[T]) carry(in *T, news, olds resource.PropertyMap) resource.PropertyMap {
	state := t.partial(in, news)
	for _, f := range t.object.fields {
		key := resource.PropertyKey(f.name)
		if _, said := news[key]; !said && (f.output || f.computed) && !f.changes {
			if old, ok := olds[key]; ok {
				state[key] = old
			}
		}
	}
	return state
}

func (t *typed[T]) delete(ctx context.Context, s *session, id string, olds resource.PropertyMap) error {
	v, err := t.decode(olds)
	if err != nil {
		return err
	}
	return t.Delete(ctx, s, id, v)
}
