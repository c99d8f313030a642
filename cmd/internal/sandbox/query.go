package sandbox

import (
	"encoding/xml"
	"net/url"
	"strconv"
)

// queryOperation makes an operation of a function from the parameters of the query protocol to what its answer holds,
// which is a structure of encoding/xml.
func queryOperation(how access, do func(*region, url.Values) (any, error)) operation {
	return operation{how, func(r *region, body []byte) ([]byte, error) {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, &apiError{400, "MalformedQueryString", err.Error()}
		}
		out, err := do(r, form)
		if err != nil {
			return nil, err
		}
		data, err := xml.Marshal(out)
		return append([]byte(xml.Header), data...), err
	}}
}

// numbered returns the values of Name.1, Name.2 and so on.
func numbered(form url.Values, name string) []string {
	var values []string
	for i := 1; form.Has(name + "." + strconv.Itoa(i)); i++ {
		values = append(values, form.Get(name+"."+strconv.Itoa(i)))
	}
	return values
}

// xmlError returns an error of the query protocol. EC2 has an envelope of its own; see "API error codes" of each.
func xmlError(prefix string, e *apiError) []byte {
	if prefix == "ec2" {
		data, _ := xml.Marshal(struct {
			XMLName   xml.Name `xml:"Response"`
			Code      string   `xml:"Errors>Error>Code"`
			Message   string   `xml:"Errors>Error>Message"`
			RequestID string   `xml:"RequestID"`
		}{Code: e.code, Message: e.message, RequestID: requestID})
		return data
	}
	kind := "Sender"
	if e.status >= 500 {
		kind = "Receiver"
	}
	data, _ := xml.Marshal(struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Type      string   `xml:"Error>Type"`
		Code      string   `xml:"Error>Code"`
		Message   string   `xml:"Error>Message"`
		RequestID string   `xml:"RequestId"`
	}{Type: kind, Code: e.code, Message: e.message, RequestID: requestID})
	return data
}
