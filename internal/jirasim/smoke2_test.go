package jirasim
import ("testing";"os";"path/filepath";"fmt";"time";"bytes";"runtime")
func TestRealSmoke(t *testing.T){
 fs,_:=filepath.Glob("/work/shared/jira-data/issues/*")
 for _,f:=range fs {
  t0:=time.Now()
  s,err:=New(Options{Deployment:DataCenter,Data:[]string{f}}); if err!=nil{t.Fatal(err)}
  n:=0
  s.Each(func(id int64,key string,raw []byte)bool{n++; sl,_:=s.store.slot(id); if !bytes.Equal(raw,s.store.issues[sl].over.raw){t.Fatal("x")};return true})
  var m runtime.MemStats; runtime.GC(); runtime.ReadMemStats(&m)
  fmt.Println(filepath.Base(f),n,s.Count(),"skipped",s.skipped,len(s.schema.fields),len(s.store.projects),len(s.cat.statuses),len(s.cat.users),time.Since(t0),m.HeapAlloc>>20)
  for _,q:=range []string{"updated >= 0 order by updated,key","created >= '2000-01-01' order by key","status = Closed","labels is not empty","summary ~ test"} { f,err:=s.search(q,false); if err!=nil{fmt.Println(q,err);continue}; fmt.Println("  ",q,len(f.slots)) }
 }
 _=os.Args
}
