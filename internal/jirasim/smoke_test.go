package jirasim
import ("testing";"net/http";"net/http/httptest";"io";"strings";"fmt";"time";"encoding/json")
func TestSmoke(t *testing.T){
 for _, d := range []string{Cloud, DataCenter} {
 s,err:=New(Options{Deployment:d,OddValues:true}); if err!=nil{t.Fatal(err)}
 srv:=httptest.NewServer(s); defer srv.Close()
 req,_:=http.NewRequest("POST",srv.URL+"/rest/api/3/search/jql",strings.NewReader(`{"jql":"project = TOX or project in (SNOW,\"TO\") AND updated >= 0 ORDER BY updated ASC, key ASC","fields":["*all"],"maxResults":2,"expand":"changelog"}`))
 if d==DataCenter { req,_=http.NewRequest("POST",srv.URL+"/rest/api/2/search",strings.NewReader(`{"jql":"project in (SNOW,\"TO\") AND updated >= 0 ORDER BY updated ASC, key ASC","fields":["*all"],"maxResults":1,"expand":["changelog"]}`)) }
 req.Header.Set("Authorization","Basic eDp5"); req.Header.Set("Content-Type","application/json")
 res,err:=http.DefaultClient.Do(req); if err!=nil{t.Fatal(err)}
 b,_:=io.ReadAll(res.Body)
 fmt.Println(res.StatusCode,len(b),json.Valid(b)); fmt.Println(string(b[:min(len(b),300000)]))
 n:=0; tot:=0
 s.Each(func(id int64,key string,raw []byte)bool{ if !json.Valid(raw){t.Fatal(string(raw))}; n++; tot+=len(raw); return true})
 fmt.Println(n,tot/n,s.Count())
 }
}
func TestBig(t *testing.T){
 t0:=time.Now()
 s,err:=New(Options{Issues:1200000,Projects:50}); if err!=nil{t.Fatal(err)}
 fmt.Println("new",time.Since(t0))
 t0=time.Now(); n,tot:=0,0
 s.Each(func(id int64,key string,raw []byte)bool{n++;tot+=len(raw);return n<20000})
 el:=time.Since(t0)
 fmt.Println(n,tot/n,el, float64(tot)/1e6/el.Seconds(),"MB/s")
 for _,q:=range []string{"updated >= 0 order by updated, key","project=TO order by created, key","project=\"TO\" and created >= '2024-01-01' and created < '2024-02-01' order by key", "updated >= '2026-05-01' order by updated, key","labels = backend"} {
  t0=time.Now(); f,err:=s.search(q,false); c:=0; if err==nil{c=len(f.slots)}
  fmt.Println(q,c,err,time.Since(t0))
 }
}
