// Package nominicore keeps the Snowflake driver from loading its native helper.
// Import it for its effect, beside the driver.
//
// gosnowflake v1.19.1 writes a shared library into a temporary directory and
// loads it as soon as the program starts, from its init function, unless the
// environment says otherwise by then. So the environment has to be set earlier:
// Go initialises packages in the order of their import paths as soon as what
// they import is ready. This one imports os alone; the driver imports net/http,
// which needs packages under vendor/ that sort behind this one and become ready
// after os. A test holds the order. The build tag minicore_disabled does the
// same and makes the binary smaller.
package nominicore

import "os"

func init() {
	// Set fails on an empty name only.
	_ = os.Setenv("SF_DISABLE_MINICORE", "true")
}
