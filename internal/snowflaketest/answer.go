package snowflaketest

import (
	"strings"

	"snowdrift/internal/snowflaketest/engine"
	"snowdrift/internal/snowflaketest/sferr"
	"snowdrift/internal/snowflaketest/sqltype"
	"snowdrift/internal/snowflaketest/translate"
)

// inProgress is the answer to a statement whose result is to be fetched later.
func inProgress(j *job, code, message string) answer {
	return answer{Success: true, Code: &code, Message: &message, Data: map[string]any{
		"getResultUrl": "/queries/" + j.record.QueryID + "/result", "queryId": j.record.QueryID, "progressDesc": nil, "queryAbortsAfterSecs": 300,
	}}
}

// resultAnswer is the final answer to a statement.
func (s *Server) resultAnswer(j *job) answer {
	if j.err != nil {
		return errorAnswer(j.record.QueryID, j.err)
	}
	if j.result.Put != nil {
		return answer{Data: putData(j.record.QueryID, j.result.Put), Success: true}
	}
	c := j.result.Context
	rowtype := make([]map[string]any, len(j.result.Columns))
	for i, col := range j.result.Columns {
		rowtype[i] = columnType(col)
	}
	parameters := j.result.Changed
	if parameters == nil {
		parameters = []engine.Parameter{}
	}
	data := map[string]any{
		"parameters": parameters, "rowtype": rowtype, "total": len(j.result.Rows), "returned": len(j.result.Rows),
		"queryId": j.record.QueryID, "sqlState": "00000", "databaseProvider": nil, "statementTypeId": j.result.TypeID, "version": 1,
		"sendResultTime": s.opts.Now().UnixMilli(), "finalDatabaseName": null(c.Database), "finalSchemaName": null(c.Schema),
		"finalWarehouseName": null(c.Warehouse), "finalRoleName": c.Role, "numberOfBinds": len(j.binds), "arrayBindSupported": false,
		"queryContext": map[string]any{"entries": []any{}},
	}
	if err := addRows(data, j); err != nil {
		return errorAnswer(j.record.QueryID, sferr.As(err))
	}
	return answer{Success: true, Data: data}
}

// addRows adds the rows in the format of the session, which only SELECT honours:
// other statements answer in JSON on real accounts too.
func addRows(data map[string]any, j *job) error {
	if j.record.Kind == "SELECT" && !strings.EqualFold(j.result.Format, "JSON") {
		rowset, err := arrowRowset(j.result.Columns, j.result.Rows)
		data["queryResultFormat"], data["rowsetBase64"] = "arrow", rowset
		return err
	}
	rows := j.result.Rows
	if rows == nil {
		rows = [][]*string{}
	}
	data["queryResultFormat"], data["rowset"] = "json", rows
	return nil
}

func errorAnswer(queryID string, e *sferr.Error) answer {
	a := refused(e)
	kind := "EXECUTION"
	if e.Code < "010000" {
		kind = "COMPILATION"
	}
	a.Data = map[string]any{
		"internalError": false, "errorCode": e.Code, "age": 0, "sqlState": e.State, "queryId": queryID, "line": -1, "pos": -1, "type": kind,
	}
	return a
}

// columnType is one entry of rowtype.
func columnType(c translate.Column) map[string]any {
	m := map[string]any{
		"name": c.Name, "database": "", "schema": "", "table": "", "nullable": !c.NotNull, "type": c.Type.Kind.Wire(),
		"length": nil, "byteLength": nil, "precision": nil, "scale": nil, "collation": nil,
	}
	switch c.Type.Kind {
	case sqltype.Number:
		m["precision"], m["scale"] = c.Type.Precision, c.Type.Scale
	case sqltype.Text, sqltype.Unknown:
		m["length"], m["byteLength"] = c.Type.Length, min(c.Type.Length*4, max(c.Type.Length, sqltype.DefaultLength))
	case sqltype.Binary:
		m["length"], m["byteLength"] = c.Type.Length, c.Type.Length
	case sqltype.TimestampNTZ, sqltype.TimestampLTZ, sqltype.TimestampTZ, sqltype.Time:
		m["precision"], m["scale"] = 0, 9
	}
	return m
}

// putData tells the driver where to upload (facts part 3.4).
func putData(queryID string, p *engine.Put) map[string]any {
	return map[string]any{
		"command": "UPLOAD", "operation": "Node", "src_locations": []string{p.Source}, "parallel": p.Parallel, "threshold": 209715200,
		"autoCompress": p.AutoCompress, "overwrite": p.Overwrite, "sourceCompression": p.SourceCompression, "clientShowEncryptionParameter": true,
		"encryptionMaterial": p.Upload.EncryptionMaterial, "stageInfo": p.Upload.StageInfo,
		"queryId": queryID, "sqlState": "00000", "statementTypeId": 0, "kind": nil,
	}
}
