package pipeline_test

const bulkVariable = "SNOWDRIFT_TEST_BULK"

func beBulkLoader(string) {}
