package sandbox

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/document"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/ecsctl/ecsctl/translate/awsjson"
)

// unions are the types of the SDK that are one of several, by the member of the JSON object that says which.
var unions = map[reflect.Type]map[string]reflect.Type{
	reflect.TypeFor[types.ServiceConnectContainerConfiguration](): {
		"logLevel": reflect.TypeFor[types.ServiceConnectContainerConfigurationMemberLogLevel](),
	},
	reflect.TypeFor[types.SharingStrategy](): {
		"nvidiaMps": reflect.TypeFor[types.SharingStrategyMemberNvidiaMps](),
	},
}

// decode reads JSON as the AWS JSON protocol has it into a structure of the SDK: members begin with a small letter,
// times are seconds since 1970. A member that the structure lacks is an error, although AWS ignores it: whoever sends
// one believes that it does something.
func decode(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	return set(reflect.ValueOf(into).Elem(), v, "")
}

var fieldsOf sync.Map // reflect.Type → map[string]int

// fields returns the index of the field of each member.
func fields(t reflect.Type) map[string]int {
	if m, ok := fieldsOf.Load(t); ok {
		return m.(map[string]int)
	}
	m := map[string]int{}
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case !f.IsExported() || f.Name == "ResultMetadata":
		case t == reflect.TypeFor[ecrtypes.Tag](): // whose members begin with capitals
			m[f.Name] = i
		default:
			m[memberName(f.Name)] = i
		}
	}
	fieldsOf.Store(t, m)
	return m
}

// memberName returns what the AWS JSON protocol calls a field.
func memberName(field string) string { return strings.ToLower(field[:1]) + field[1:] }

func set(dst reflect.Value, v any, path string) error {
	if v == nil {
		return nil
	}
	switch dst.Type() {
	case reflect.TypeFor[time.Time]():
		return setTime(dst, v, path)
	case reflect.TypeFor[[]byte]():
		s, ok := v.(string)
		b, err := base64.StdEncoding.DecodeString(s)
		if !ok || err != nil {
			return mismatch(path, v, "base64 text")
		}
		dst.SetBytes(b)
		return nil
	case reflect.TypeFor[document.Interface]():
		dst.Set(reflect.ValueOf(document.NewLazyDocument(plain(v))))
		return nil
	}
	switch dst.Kind() {
	case reflect.Pointer:
		p := reflect.New(dst.Type().Elem())
		dst.Set(p)
		return set(p.Elem(), v, path)
	case reflect.Struct:
		return setStruct(dst, v, path)
	case reflect.Slice:
		return setList(dst, v, path)
	case reflect.Map:
		return setMap(dst, v, path)
	case reflect.Interface:
		return setUnion(dst, v, path)
	}
	return setScalar(dst, v, path)
}

func setStruct(dst reflect.Value, v any, path string) error {
	object, ok := v.(map[string]any)
	if !ok {
		return mismatch(path, v, "an object")
	}
	index := fields(dst.Type())
	for _, key := range slices.Sorted(maps.Keys(object)) {
		i, ok := index[key]
		if !ok {
			return fmt.Errorf("unknown member %s", join(path, key))
		}
		if err := set(dst.Field(i), object[key], join(path, key)); err != nil {
			return err
		}
	}
	return nil
}

func setList(dst reflect.Value, v any, path string) error {
	list, ok := v.([]any)
	if !ok {
		return mismatch(path, v, "a list")
	}
	dst.Set(reflect.MakeSlice(dst.Type(), len(list), len(list)))
	for i, item := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		if item == nil {
			return mismatch(at, nil, "a value")
		}
		if err := set(dst.Index(i), item, at); err != nil {
			return err
		}
	}
	return nil
}

func setMap(dst reflect.Value, v any, path string) error {
	object, ok := v.(map[string]any)
	if !ok {
		return mismatch(path, v, "an object")
	}
	dst.Set(reflect.MakeMapWithSize(dst.Type(), len(object)))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		item := reflect.New(dst.Type().Elem()).Elem()
		if err := set(item, object[key], join(path, key)); err != nil {
			return err
		}
		dst.SetMapIndex(reflect.ValueOf(key).Convert(dst.Type().Key()), item)
	}
	return nil
}

func setUnion(dst reflect.Value, v any, path string) error {
	members, ok := unions[dst.Type()]
	if !ok {
		return fmt.Errorf("%s: the sandbox does not know %s", path, dst.Type().Name())
	}
	object, ok := v.(map[string]any)
	if !ok || len(object) != 1 {
		return mismatch(path, v, "an object with one member")
	}
	for key, value := range object {
		t, ok := members[key]
		if !ok {
			return fmt.Errorf("unknown member %s", join(path, key))
		}
		p := reflect.New(t)
		if err := set(p.Elem().FieldByName("Value"), value, join(path, key)); err != nil {
			return err
		}
		dst.Set(p)
	}
	return nil
}

func setTime(dst reflect.Value, v any, path string) error {
	n, ok := v.(json.Number)
	seconds, err := n.Float64()
	if !ok || err != nil {
		return mismatch(path, v, "a number of seconds since 1970")
	}
	dst.Set(reflect.ValueOf(time.UnixMilli(int64(seconds*1000 + 0.5)).UTC()))
	return nil
}

func setScalar(dst reflect.Value, v any, path string) error {
	switch dst.Kind() {
	case reflect.String:
		s, ok := v.(string)
		if !ok {
			return mismatch(path, v, "a string")
		}
		dst.SetString(s)
	case reflect.Bool:
		b, ok := v.(bool)
		if !ok {
			return mismatch(path, v, "true or false")
		}
		dst.SetBool(b)
	case reflect.Int32, reflect.Int64:
		n, ok := v.(json.Number)
		i, err := n.Int64()
		if !ok || err != nil || dst.OverflowInt(i) {
			return mismatch(path, v, "a whole number")
		}
		dst.SetInt(i)
	case reflect.Float32, reflect.Float64:
		n, ok := v.(json.Number)
		f, err := n.Float64()
		if !ok || err != nil {
			return mismatch(path, v, "a number")
		}
		dst.SetFloat(f)
	default:
		return fmt.Errorf("%s: the sandbox does not know %s", path, dst.Type())
	}
	return nil
}

func mismatch(path string, v any, want string) error {
	data, _ := json.Marshal(v)
	return fmt.Errorf("%s: %s is not %s", path, data, want)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// plain returns decoded JSON with Go's numbers.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plain(v[key])
		}
	}
	return v
}

// answer returns the JSON of what ECS answers. Numbers and booleans that always have a value, such as a container's cpu
// and a service's counts, are in it when they are zero too, which the SDK leaves out as nothing changes for it.
func answer(v smithy.Serializable) []byte {
	return awsjson.Encode(withZeros(awsjson.Value(v), reflect.ValueOf(v).Elem()))
}

func withZeros(v any, from reflect.Value) any {
	for from.Kind() == reflect.Pointer || from.Kind() == reflect.Interface {
		if from.IsNil() {
			return v
		}
		from = from.Elem()
	}
	switch v := v.(type) {
	case awsjson.Object:
		if from.Kind() != reflect.Struct {
			return v
		}
		return objectWithZeros(v, from)
	case []any:
		if from.Kind() == reflect.Slice && from.Len() == len(v) {
			for i := range v {
				v[i] = withZeros(v[i], from.Index(i))
			}
		}
	}
	return v
}

func objectWithZeros(o awsjson.Object, from reflect.Value) awsjson.Object {
	index := fields(from.Type())
	seen := map[string]bool{}
	for i, m := range o {
		seen[m.Key] = true
		if f, ok := index[m.Key]; ok {
			o[i].Value = withZeros(m.Value, from.Field(f))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(index)) {
		if seen[key] {
			continue
		}
		switch f := from.Field(index[key]); f.Kind() {
		case reflect.Int32, reflect.Int64, reflect.Float32, reflect.Float64:
			o = append(o, awsjson.Member{Key: key, Value: json.Number("0")})
		case reflect.Bool:
			o = append(o, awsjson.Member{Key: key, Value: false})
		}
	}
	return o
}
