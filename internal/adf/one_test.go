package adf
import ("testing";"strings")
func TestOne(t *testing.T){
 for s:=uint64(150000);s<350000;s++{
 r:=differs(t,s); if r=="" {continue}
 i:=strings.Index(r,"--- shows"); a:=r[i:]; j:=strings.Index(a,"--- should"); x:=strings.Split(a[:j],"\n"); y:=strings.Split(a[j:],"\n")
 for k:=1;k<len(x)&&k<len(y);k++{ if x[k]!=y[k]{ t.Logf("%d\n%s\n%s",s,x[k],y[k]); break}}
 t.Log(r[strings.Index(r,"--- Markdown"):strings.Index(r,"--- HTML")])
 }
}
