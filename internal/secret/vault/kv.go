package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hashicorp/vault/api"

	"snowdrift/internal/secret"
)

// entry is a secret as a key-value engine holds it.
type entry struct {
	path    string         // for requests, with data/ in version 2
	data    map[string]any // nil when there is none
	version json.Number    // of the data, in version 2: "0" when there is none
	v2      bool
}

// find reads the secret at MOUNT/PATH. With a NotFound error the entry still
// says where the secret would be.
func find(ctx context.Context, c *api.Client, name string) (entry, error) {
	where := "sys/internal/ui/mounts/" + name
	mount, err := c.Logical().ReadWithContext(ctx, where)
	if err != nil {
		return entry{}, mountFailure(err, name)
	}
	if mount == nil {
		return entry{}, &secret.Error{Kind: secret.NotFound, Mend: "the server does not know the mount of " + name}
	}
	prefix, _ := mount.Data["path"].(string)
	options, _ := mount.Data["options"].(map[string]any)
	e := entry{path: name, v2: options["version"] == "2"}
	if kind := mount.Data["type"]; kind != "kv" && kind != "generic" {
		return entry{}, &secret.Error{Kind: secret.Invalid, Mend: fmt.Sprintf("%s is an engine of type %v; only key-value engines hold secrets for references", prefix, kind)}
	}
	if e.v2 {
		e.path = prefix + "data/" + strings.TrimPrefix(name, prefix)
		e.version = "0"
	}
	answer, err := c.Logical().ReadWithContext(ctx, e.path)
	if err != nil {
		return e, failure(err, e.path, "read")
	}
	if answer == nil {
		mend := fmt.Sprintf("nothing is stored there; write it with vault kv put %s …", name)
		if strings.HasPrefix(name, prefix+"data/") {
			mend = "nothing is stored there; leave data/ out of the reference, it belongs to the API only"
		}
		return e, &secret.Error{Kind: secret.NotFound, Mend: mend}
	}
	if !e.v2 {
		e.data = answer.Data
		return e, nil
	}
	metadata, _ := answer.Data["metadata"].(map[string]any)
	if version, ok := metadata["version"].(json.Number); ok {
		e.version = version
	}
	if e.data, _ = answer.Data["data"].(map[string]any); e.data == nil {
		return e, &secret.Error{Kind: secret.NotFound, Mend: fmt.Sprintf("its newest version, %s, is deleted; bring it back with vault kv undelete -versions=%s %s", e.version, e.version, name)}
	}
	return e, nil
}

// field returns a text, number or boolean of the secret.
func (e entry) field(name string) (string, error) {
	switch value := e.data[name].(type) {
	case string:
		return value, nil
	case json.Number, bool:
		return fmt.Sprint(value), nil
	case nil:
		return "", &secret.Error{Kind: secret.NoField, Mend: fmt.Sprintf("the secret exists but has no field %q; vault kv get shows which it has", name)}
	default:
		return "", &secret.Error{Kind: secret.NoField, Mend: fmt.Sprintf("the field %q must hold a text", name)}
	}
}

// put stores the entry with one field changed. conflict means that the secret
// changed since it was read and nothing was stored.
func (e entry) put(ctx context.Context, c *api.Client, field, value string) (conflict bool, err error) {
	data := map[string]any{}
	for name, old := range e.data {
		data[name] = old
	}
	data[field] = value
	body := data
	if e.v2 {
		body = map[string]any{"data": data, "options": map[string]any{"cas": e.version}}
	}
	_, err = c.Logical().WriteWithContext(ctx, e.path, body)
	var refused *api.ResponseError
	if errors.As(err, &refused) && refused.StatusCode == http.StatusBadRequest && strings.Contains(strings.Join(refused.Errors, " "), "check-and-set") {
		return true, nil
	}
	return false, failure(err, e.path, "update")
}
