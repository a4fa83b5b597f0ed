package provider

import "github.com/pulumi/pulumi/sdk/v3/go/common/resource"

// secrets are properties as they came, with their secrecy: what an answer
// repeats of them is secret again.
type secrets resource.PropertyMap

// unwrap is m without any secrecy.
func unwrap(m resource.PropertyMap) resource.PropertyMap {
	out := make(resource.PropertyMap, len(m))
	for k, v := range m {
		out[k] = unwrapValue(v)
	}
	return out
}

func unwrapValue(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return unwrapValue(v.SecretValue().Element)
	case v.IsOutput():
		if !v.OutputValue().Known {
			return resource.MakeComputed(resource.NewStringProperty(""))
		}
		return unwrapValue(v.OutputValue().Element)
	case v.IsArray():
		list := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			list[i] = unwrapValue(e)
		}
		return resource.NewArrayProperty(list)
	case v.IsObject():
		return resource.NewObjectProperty(unwrap(v.ObjectValue()))
	default:
		return v
	}
}

// wrap makes secret in m what was secret under the same name. Tags are repeated
// in tagsAll.
func (s secrets) wrap(m resource.PropertyMap) resource.PropertyMap {
	out := m.Copy()
	for k, was := range s {
		if v, ok := out[k]; ok {
			out[k] = wrapValue(v, was)
		}
		if k == "tags" {
			if v, ok := out["tagsAll"]; ok {
				out["tagsAll"] = wrapValue(v, was)
			}
		}
	}
	return out
}

func wrapValue(v, was resource.PropertyValue) resource.PropertyValue {
	switch {
	case !was.ContainsSecrets():
		return v
	case was.IsObject() && v.IsObject():
		return resource.NewObjectProperty(secrets(was.ObjectValue()).wrap(v.ObjectValue()))
	case was.IsArray() && v.IsArray() && len(was.ArrayValue()) == len(v.ArrayValue()):
		list := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			list[i] = wrapValue(e, was.ArrayValue()[i])
		}
		return resource.NewArrayProperty(list)
	default:
		return resource.MakeSecret(v)
	}
}
