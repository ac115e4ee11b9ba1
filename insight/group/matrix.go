package group

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// stream keeps Frontline's random numbers apart from those of others who use the same seed.
const stream = 0x67726f757073

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, stream)) }

// dense is rows of numbers, one after the other.
type dense struct {
	rows, cols int
	data       []float64
}

func newDense(rows, cols int) dense { return dense{rows, cols, make([]float64, rows*cols)} }

func (d dense) row(i int) []float64 { return d.data[i*d.cols : (i+1)*d.cols : (i+1)*d.cols] }

// part is the rows from one to before another.
func (d dense) part(from, to int) dense {
	return dense{to - from, d.cols, d.data[from*d.cols : to*d.cols]}
}

func (d dense) general() blas64.General {
	return blas64.General{Rows: d.rows, Cols: d.cols, Stride: max(1, d.cols), Data: d.data}
}

// times is d·other, or d·otherᵀ, written to out.
func (d dense) times(other dense, transposed bool, out dense) {
	if d.rows == 0 || other.rows == 0 || d.cols == 0 {
		return
	}
	turn := blas.NoTrans
	if transposed {
		turn = blas.Trans
	}
	blas64.Gemm(blas.NoTrans, turn, 1, d.general(), other.general(), 0, out.general())
}

func vector(v []float64) blas64.Vector { return blas64.Vector{N: len(v), Inc: 1, Data: v} }

func dot(a, b []float64) float64 { return blas64.Dot(vector(a), vector(b)) }

func addScaled(to []float64, by float64, v []float64) { blas64.Axpy(by, vector(v), vector(to)) }

// unit makes every row as long as 1; a row of zeros stays.
func (d dense) unit() {
	for i := range d.rows {
		if n := blas64.Nrm2(vector(d.row(i))); n > 0 {
			blas64.Scal(1/n, vector(d.row(i)))
		}
	}
}

// basis turns the columns into orthogonal ones of length 1 that span the same, by the eigenvectors of their products; what has no direction of
// its own becomes zeros.
func (d dense) basis() dense {
	values, vectors := d.principal()
	turn := newDense(d.cols, d.cols)
	for j, v := range values {
		if v <= 1e-10*values[len(values)-1] || v <= 0 {
			continue
		}
		for i := range d.cols {
			turn.data[i*d.cols+j] = vectors.At(i, j) / math.Sqrt(v)
		}
	}
	out := newDense(d.rows, d.cols)
	d.times(turn, false, out)
	return out
}

// principal is the eigenvalues, from small to large, and eigenvectors of dᵀd.
func (d dense) principal() ([]float64, *mat.Dense) {
	square := newDense(d.cols, d.cols)
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, d.general(), d.general(), 0, square.general())
	var eigen mat.EigenSym
	if !eigen.Factorize(mat.NewSymDense(d.cols, square.data), true) {
		panic("group: the eigenvalues of a finite symmetric matrix were not found") // LAPACK's dsyev always ends on finite input
	}
	vectors := new(mat.Dense)
	eigen.VectorsTo(vectors)
	return eigen.Values(nil), vectors
}

// sparse is a matrix of few entries: row i holds value[k] at column[k] for k from start[i] to before start[i+1].
type sparse struct {
	rows, cols int
	start      []int
	column     []int32
	value      []float32
}

// times is s·d.
func (s sparse) times(d dense) dense {
	out := newDense(s.rows, d.cols)
	for i := range s.rows {
		to := out.row(i)
		for k := s.start[i]; k < s.start[i+1]; k++ {
			addScaled(to, float64(s.value[k]), d.row(int(s.column[k])))
		}
	}
	return out
}

// timesTransposed is sᵀ·d.
func (s sparse) timesTransposed(d dense) dense {
	out := newDense(s.cols, d.cols)
	for i := range s.rows {
		from := d.row(i)
		for k := s.start[i]; k < s.start[i+1]; k++ {
			addScaled(out.row(int(s.column[k])), float64(s.value[k]), from)
		}
	}
	return out
}

// oversample and powers are how much more than asked is looked at, and how often the spectrum is sharpened.
const (
	oversample = 16
	powers     = 3
)

// singular is the first rank right singular vectors, as columns, and their singular values from large to small, by randomised subspace
// iteration. Source: Halko, Martinsson and Tropp 2011, SIAM Review 53, algorithms 4.4 and 5.1.
func (s sparse) singular(rank int, seed uint64) (dense, []float64) {
	wide := min(rank+oversample, s.rows, s.cols)
	rank = min(rank, wide)
	if rank == 0 {
		return newDense(s.cols, 0), nil
	}
	r, start := random(seed), newDense(s.cols, wide)
	for i := range start.data {
		start.data[i] = r.NormFloat64()
	}
	q := s.times(start).basis()
	for range powers {
		q = s.times(s.timesTransposed(q).basis()).basis()
	}
	small := s.timesTransposed(q) // (qᵀs)ᵀ
	values, vectors := small.principal()
	turn, sigma := newDense(wide, rank), make([]float64, rank)
	for j := range rank {
		at := wide - 1 - j
		sigma[j] = math.Sqrt(max(0, values[at]))
		for i := range wide {
			if sigma[j] > 1e-9 {
				turn.data[i*rank+j] = vectors.At(i, at) / sigma[j]
			}
		}
	}
	out := newDense(s.cols, rank)
	small.times(turn, false, out)
	return out, sigma
}
