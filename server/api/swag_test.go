package api_test

import (
	"errors"
	"go/format"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/musterhq/muster/authz"
	"github.com/musterhq/muster/server/api"
	"github.com/musterhq/muster/store"
)

type byID struct {
	ID api.Number `uri:"id"` // ID of the thing.
}

type byName struct {
	Name string `uri:"name"` // Name of the thing.
}

type alsoByName struct {
	Name string `uri:"Name"` // Its name.
}

type byTitle struct {
	Title string `form:"title"` // Title of "the" thing.
}

type listed struct {
	api.Paging
	// Only those that
	// are open.
	Open *bool `form:"open"`
}

type thing struct{ Name string }

type made struct {
	byID
	Body thing
}

type changed struct {
	byName
	Body thing
}

type undescribed struct {
	ID int `uri:"id"`
}

type upload struct{ Body api.Stream }

type otherwise struct {
	byName
	Body store.Workgroup
}

// answers is a handler for rows that are only printed.
func answers[In, Out any](*store.Tx, In) (out Out, err error) { return out, errors.ErrUnsupported }

var reads = authz.Reads(authz.AssetManagement)

// source is this file, where the generator looks for the comments of the types above.
func source(t *testing.T) fstest.MapFS {
	t.Helper()
	own, err := os.ReadFile("swag_test.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("page.go")
	if err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{"server/api_test/types.go": {Data: own}, "server/api/page.go": {Data: page}}
}

func write(t *testing.T, rows ...api.Route) (string, error) {
	t.Helper()
	d := &api.Dialect{
		Name: "things", Title: "Things", Version: "v7", Base: "/api/v7", Routes: rows,
		Schemes: []api.Scheme{{Name: "Bearer", In: "header", Parameter: "Authorization", Description: "The token that muster token makes."}},
		Error:   func(_ int, err error) any { return err.Error() },
	}
	var b strings.Builder
	err := d.WriteSwag(&b, "api_test", source(t))
	return b.String(), err
}

func TestWriteSwag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		rows []api.Route
		want string
	}{
		{
			"a path value", []api.Route{api.GET("Things/{id}", reads, "Returns a thing.", answers[byID, *store.Asset])}, `
// @Summary Returns a thing.
// @Description Required permissions: Asset Management (Read).
// @ID getThing
// @Tags Things
// @Param id path integer true "ID of the thing."
// @Success 200 {object} store.Asset
// @Failure 400,401,403,404,503 {string} string
// @Security Bearer
// @Router /Things/{id} [get]
`,
		},
		{
			"a list of pages, with fields that are embedded", []api.Route{api.GET("Things", authz.Anyone, "Lists.", answers[listed, api.Page[thing]])}, `
// @Summary Lists.
// @Description Required permissions: Any signed-in caller. With ¦limit¦ the answer is an object of TotalCount and Data instead of an array.
// @ID listThings
// @Tags Things
// @Param limit query integer false "Number of records to return (default: 100000; at most 100000)."
// @Param offset query integer false "Number of records to skip before returning records (only together with limit)."
// @Param open query boolean false "Only those that are open."
// @Success 200 {array} thing
// @Failure 400,401,503 {string} string
// @Security Bearer
// @Router /Things [get]
`,
		},
		{
			"a page that is always counted", []api.Route{api.GET("Things", authz.Anyone, "Lists.", answers[api.None, api.CountedPage[store.Asset]])}, `
// @Summary Lists.
// @Description Required permissions: Any signed-in caller.
// @ID listThings
// @Tags Things
// @Success 200 {object} api.total[store.Asset]
// @Failure 401,503 {string} string
// @Security Bearer
// @Router /Things [get]
`,
		},
		{
			"a body, two contracts and no session", []api.Route{
				api.POST("{id}/things", authz.Anyone, "Makes a thing.", answers[made, api.Reply[[]*thing]]).Manual(200).ManualList().Open(),
			}, `
// @Summary Makes a thing.
// @Description Required permissions: none, the caller need not be signed in. Under ¦--contract manual¦ the status is 200. Under ¦--contract manual¦ the answer is an array of one.
// @ID createThing
// @Tags things
// @Param id path integer true "ID of the thing."
// @Param body body thing false "The members of the body, in any letter case."
// @Success 201 {array} thing
// @Failure 400,404,413,415,503 {string} string
// @Router /{id}/things [post]
`,
		},
		{
			"rows that share method and path", []api.Route{
				api.GET("Things?title", reads, "By title.", answers[byTitle, *thing]),
				api.GET("Things", authz.Anyone, "All.", answers[api.None, []string]),
			}, `
// @Summary By title. All.
// @Description The manual has 2 entries for this method and path; the one that fits the request best answers:
// @Description
// @Description - ¦GET Things?title¦: By title. Required permissions: Asset Management (Read). Answers one thing.
// @Description - ¦GET Things¦: All. Required permissions: Any signed-in caller.
// @ID listThings
// @Tags Things
// @Param title query string false "Title of 'the' thing."
// @Success 200 {array} string
// @Success default {object} thing
// @Failure 400,401,403,404,503 {string} string
// @Security Bearer
// @Router /Things [get]
`,
		},
		{
			"a path that rows spell differently, one of them deprecated", []api.Route{
				api.PUT("Things/{name}", reads, "By name.", answers[changed, api.None]),
				api.GET("Things/{Name}", reads, "By name.", answers[alsoByName, api.None]).Deprecated(),
				api.DELETE("Things/{id}", reads, "By ID.", answers[byID, api.None]).Answers(204),
			}, `
// @Summary By name.
// @Description Required permissions: Asset Management (Read).
// @ID updateThing
// @Tags Things
// @Param id path string true "Name of the thing."
// @Param body body thing false "The members of the body, in any letter case."
// @Success 200
// @Failure 400,401,403,404,409,413,415,503 {string} string
// @Security Bearer
// @Router /Things/{id} [put]
func _() {}

// @Summary By name.
// @Description Required permissions: Asset Management (Read). Deprecated.
// @ID getThing
// @Tags Things
// @Param id path string true "Its name."
// @Success 200
// @Failure 400,401,403,404,503 {string} string
// @Security Bearer
// @Deprecated
// @Router /Things/{id} [get]
func _() {}

// @Summary By ID.
// @Description Required permissions: Asset Management (Read). What the page fills in for the path names nothing that exists, so that trying it does no harm: fill in what you mean.
// @ID deleteThing
// @Tags Things
// @Param id path integer true "ID of the thing."
// @Success 204
// @Failure 400,401,403,404,503 {string} string
// @Security Bearer
// @Router /Things/{id} [delete]
`,
		},
		{
			"a query that picks the only row", []api.Route{
				api.DELETE("Things?TITLE", reads, "By title.", answers[byTitle, api.None]),
			}, `
// @Summary By title.
// @Description Required permissions: Asset Management (Read). What the page fills in for the path names nothing that exists, so that trying it does no harm: fill in what you mean.
// @ID deleteThingByTitle
// @Tags Things
// @Param title query string true "Title of 'the' thing." extensions(x-example=Nowhere)
// @Success 200
// @Failure 400,401,403,404,503 {string} string
// @Security Bearer
// @Router /Things [delete]
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file, err := write(t, c.rows...)
			if err != nil {
				t.Fatal(err)
			}
			formatted, err := format.Source([]byte(file))
			if err != nil || string(formatted) != file {
				t.Errorf("the file is not as gofmt writes it: %v\n%s", err, file)
			}
			_, operations, _ := strings.Cut(file, "muster token makes.\n")
			want := strings.ReplaceAll(c.want, "¦", "`") + "func _() {}\n"
			if diff := cmp.Diff(want, operations); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWriteSwagRefusesWhatItCannotDescribe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		rows []api.Route
		want string
	}{
		{
			"a field without a comment", []api.Route{api.GET("Things/{id}", reads, "", answers[undescribed, api.None])},
			"GET Things/{id}: api_test.undescribed.ID has no comment to describe it",
		},
		{
			"a path value that no field takes", []api.Route{api.GET("Things/{id}", reads, "", answers[byName, api.None])},
			"GET Things/{id}: no field is filled from {id}",
		},
		{
			"a stream of nobody knows what", []api.Route{api.POST("Things", reads, "", answers[upload, api.None])},
			"POST Things: it reads a Stream: Takes has to say of what",
		},
		{
			"two bodies for one path", []api.Route{
				api.POST("Things/{id}", reads, "", answers[made, api.None]),
				api.POST("Things/{name}", reads, "", answers[otherwise, api.None]),
			},
			"POST Things/{id}: the body of Things/{name} is another",
		},
		{
			"an answer without a name", []api.Route{api.GET("Things", reads, "", answers[api.None, map[string]int])},
			"GET Things: a document has no name for map[string]int",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := write(t, c.rows...); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
