package arch

import (
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
)

// checkComment wants a package comment that begins as Go's documentation does and says something.
func (f *folder) checkComment() {
	if len(f.files) == 0 {
		return
	}
	begin := "Package " + f.pkg + " "
	if f.pkg == "main" {
		begin = "Command " + path.Base(f.path) + " "
	}
	for _, file := range f.files {
		if file.Doc == nil {
			continue
		}
		text := file.Doc.Text()
		first, _, _ := strings.Cut(text, ". ")
		if !strings.HasPrefix(text, begin) {
			f.add(file.Doc.Pos(), "the package comment begins with %q, and then says what the package answers", begin)
		} else if len(strings.Fields(first)) < 6 {
			f.add(file.Doc.Pos(), "the package comment's first sentence is too short to say what the package answers")
		}
		return
	}
	f.add(f.files[0].Package, "package %s has no package comment; its first sentence says what it answers", f.pkg)
}

// checkSizes wants files that can be read in one go, and long functions that say why they are.
func (f *folder) checkSizes() {
	for _, file := range f.files {
		if n := f.fset.File(file.Pos()).LineCount(); n > longestFile {
			f.add(file.Package, "the file has %d lines, more than %d; split it by what its parts answer", n, longestFile)
		}
		for _, d := range file.Decls {
			function, ok := d.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			lines := f.fset.Position(function.End()).Line - f.fset.Position(function.Pos()).Line + 1
			if doc := strings.ToLower(function.Doc.Text()); lines > longestFunction && !strings.Contains(doc, "long") && !strings.Contains(doc, "straight") {
				f.add(function.Pos(), "%s has %d lines, more than %d; split it, or say in its comment why it is one long, straight piece",
					function.Name.Name, lines, longestFunction)
			}
		}
	}
}

// checkCode wants no init, no time but what is passed in, and no package variable that anything can change.
func (f *folder) checkCode() {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	// Imports are left out and every mistake is passed over: only names of this package and of imports are asked for,
	// and the compiler looks at the rest.
	conf := types.Config{Importer: none{}, Error: func(error) {}}
	pkg, _ := conf.Check(f.path, f.fset, f.files, info)
	for _, file := range f.files {
		for _, d := range file.Decls {
			if function, ok := d.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
				f.add(function.Pos(), "func init runs unasked; do it in a constructor")
			}
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
				f.checkVariables(g)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			f.checkTime(n, info)
			f.checkWrite(n, info, pkg)
			return true
		})
	}
}

type none struct{}

var errNone = errors.New("imports are not read")

// Import implements types.Importer.
func (none) Import(string) (*types.Package, error) { return nil, errNone }

// checkTime refuses a use of the system's clock.
func (f *folder) checkTime(n ast.Node, info *types.Info) {
	selector, ok := n.(*ast.SelectorExpr)
	if !ok || slices.Contains(timeFolders(), f.path) || !slices.Contains(timeCalls(), selector.Sel.Name) {
		return
	}
	if x, ok := selector.X.(*ast.Ident); ok {
		if p, ok := info.Uses[x].(*types.PkgName); ok && p.Imported().Path() == "time" {
			f.add(n.Pos(), "time.%s asks the system's clock; take a clock.Clock", selector.Sel.Name)
		}
	}
}

// checkVariables wants package variables that could be constants, if Go had constants of their kind.
func (f *folder) checkVariables(g *ast.GenDecl) {
	for _, s := range g.Specs {
		spec, ok := s.(*ast.ValueSpec)
		if !ok || spec.Names[0].Name == "_" {
			continue // a guard that a type implements an interface
		}
		if len(spec.Values) == 0 && !embedded(g, spec) {
			f.add(spec.Pos(), "%s is a package variable without a value, so something must change it; pass it in", spec.Names[0].Name)
		}
		for i, v := range spec.Values {
			name := spec.Names[min(i, len(spec.Names)-1)]
			if say := changeable(v); say != "" {
				f.add(spec.Pos(), "%s is a package variable that %s; make it a function or pass it in", name.Name, say)
			} else if shared(v) && name.IsExported() {
				f.add(spec.Pos(), "%s is an exported slice or map, which any package can change; make it a function", name.Name)
			}
		}
	}
}

// embedded says whether the variable is filled by //go:embed.
func embedded(g *ast.GenDecl, spec *ast.ValueSpec) bool {
	for _, doc := range []*ast.CommentGroup{g.Doc, spec.Doc} {
		if doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") }) {
			return true
		}
	}
	return false
}

// changeable says what about the value can change, or nothing when it is made of literals and of constructors of values that
// never change.
func changeable(v ast.Expr) string {
	say := ""
	ast.Inspect(v, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false // its body runs when called
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				say = "points to something that can change"
			}
		case *ast.CallExpr:
			if name := called(n); !slices.Contains(constructors(), name) && !conversion(name) {
				say = "calls " + name + ", which is not in arch's list of constructors of constant values"
			}
		}
		return say == ""
	})
	return say
}

// called returns the name of the function as it is written: "regexp.MustCompile".
func called(c *ast.CallExpr) string {
	switch fun := c.Fun.(type) {
	case *ast.Ident:
		return fun.Name
	case *ast.SelectorExpr:
		if x, ok := fun.X.(*ast.Ident); ok {
			return x.Name + "." + fun.Sel.Name
		}
	}
	return "a function"
}

// conversion says whether the name is of a basic type, so that the call changes a constant's type.
func conversion(name string) bool {
	_, ok := types.Universe.Lookup(name).(*types.TypeName)
	return ok
}

// shared says whether the value is a slice or a map.
func shared(v ast.Expr) bool {
	literal, ok := v.(*ast.CompositeLit)
	if !ok {
		return false
	}
	switch t := literal.Type.(type) {
	case *ast.MapType:
		return true
	case *ast.ArrayType:
		return t.Len == nil
	}
	return false
}

// checkWrite refuses statements that change a package variable, in whole or in part.
func (f *folder) checkWrite(n ast.Node, info *types.Info, pkg *types.Package) {
	var written []ast.Expr
	switch n := n.(type) {
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			written = n.Lhs
		}
	case *ast.IncDecStmt:
		written = []ast.Expr{n.X}
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			written = []ast.Expr{n.X}
		}
	case *ast.CallExpr:
		if name := called(n); (name == "delete" || name == "clear" || name == "copy") && len(n.Args) > 0 {
			written = n.Args[:1]
		}
	}
	for _, w := range written {
		if id := root(w); id != nil && pkg != nil {
			if v, ok := info.Uses[id].(*types.Var); ok && v.Parent() == pkg.Scope() {
				f.add(n.Pos(), "%s is a package variable and is changed here; pass it in", id.Name)
			}
		}
	}
}

// root returns the variable that the expression is a part of: x of x, x[i], x.y and *x.
func root(e ast.Expr) *ast.Ident {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x
		case *ast.IndexExpr:
			e = x.X
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return nil
		}
	}
}
