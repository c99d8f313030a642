package images

import (
	"regexp"
	"strings"
)

// A Reference names an image: HOST/REPOSITORY:TAG@DIGEST, of which only the repository has to be there.
type Reference struct {
	Host       string // "111122223333.dkr.ecr.eu-west-1.amazonaws.com", "ghcr.io", "" if the name has none
	Repository string // "team/web"
	Tag        string // "" if the name has none
	Digest     string // "sha256:…", "" if the name has none
	Account    string // of ECR, "" if the registry is another one
	Region     string // of ECR
	FIPS       bool   // the registry is reached through a FIPS endpoint of ECR
}

// ecrHosts are the names of ECR's private registries, dual-stack and FIPS among them, in all partitions; see "Private
// registry" in ECR's user guide and the endpoints of its General Reference.
var ecrHosts = regexp.MustCompile(`^([0-9]{12})\.dkr[.-]ecr(-fips)?\.([a-z]{2,}(?:-[a-z]+)+-[0-9]+)\.` +
	`(?:amazonaws\.(?:com|com\.cn|eu)|on\.aws|on\.amazonwebservices\.com\.cn|sc2s\.sgov\.gov|c2s\.ic\.gov|` +
	`cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)

var (
	repositories = regexp.MustCompile(`^[a-z0-9]+(?:(?:\.|_{1,2}|-+|/)[a-z0-9]+)*$`)
	tags         = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	digests      = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// Parse reads a reference as Docker does: what stands before the first slash is a host if it has a dot or a colon, or
// is localhost.
func Parse(s string) (Reference, error) {
	ref, rest := Reference{}, s
	if host, after, ok := strings.Cut(s, "/"); ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
		ref.Host, rest = host, after
	}
	rest, digest, pinned := strings.Cut(rest, "@")
	ref.Digest = digest
	tagged := false
	ref.Repository, ref.Tag, tagged = strings.Cut(rest, ":")
	switch {
	case !repositories.MatchString(ref.Repository):
		return Reference{}, inputError("image %q: %q is no name of a repository: use lower-case letters, digits and ._-/",
			s, ref.Repository)
	case tagged && !tags.MatchString(ref.Tag):
		return Reference{}, inputError("image %q: %q is no tag", s, ref.Tag)
	case pinned && !digests.MatchString(digest):
		return Reference{}, inputError("image %q: %q is no digest: it is sha256: and 64 hexadecimal digits", s, digest)
	}
	if m := ecrHosts.FindStringSubmatch(ref.Host); m != nil {
		ref.Account, ref.FIPS, ref.Region = m[1], m[2] != "", m[3]
	}
	return ref, nil
}

// IsECR reports whether the registry is one of ECR's private ones.
func (r Reference) IsECR() bool { return r.Account != "" }

// Name is the reference without tag and digest.
func (r Reference) Name() string {
	if r.Host == "" {
		return r.Repository
	}
	return r.Host + "/" + r.Repository
}

func (r Reference) String() string {
	s := r.Name()
	if r.Tag != "" {
		s += ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// target returns what the registry is asked for: the digest, the tag, or latest.
func (r Reference) target() string {
	switch {
	case r.Digest != "":
		return r.Digest
	case r.Tag != "":
		return r.Tag
	}
	return "latest"
}

// full returns the reference with the host and the repository that Docker means by a short name.
func (r Reference) full() Reference {
	switch r.Host {
	case "":
		r.Host = "index.docker.io"
	case "docker.io", "registry-1.docker.io":
		r.Host = "index.docker.io"
	}
	if r.Host == "index.docker.io" && !strings.Contains(r.Repository, "/") {
		r.Repository = "library/" + r.Repository
	}
	return r
}
