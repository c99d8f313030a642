package sandbox

import (
	"encoding/xml"
	"net/url"
)

// stsOperations are the actions of AWS STS, https://docs.aws.amazon.com/STS/latest/APIReference/.
var stsOperations = map[string]operation{
	"GetCallerIdentity": queryOperation(reading, getCallerIdentity),
}

func getCallerIdentity(*region, url.Values) (any, error) {
	return struct {
		XMLName   xml.Name `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
		Arn       string   `xml:"GetCallerIdentityResult>Arn"`
		UserID    string   `xml:"GetCallerIdentityResult>UserId"`
		Account   string   `xml:"GetCallerIdentityResult>Account"`
		RequestID string   `xml:"ResponseMetadata>RequestId"`
	}{Arn: Principal, UserID: "AROASANDBOX000000000:you", Account: AccountID, RequestID: requestID}, nil
}
