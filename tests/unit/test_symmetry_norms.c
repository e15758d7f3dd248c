/* Tables of symmetries of normalisations and concatenations, by hand. */
#include "unit.h"

#include "tables.h"

static void
test_batch_norm(void **state)
{
	(void)state;
	/* filters have a sign, channels behind have a scale */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv c out=4 kernel=1 bias=no\n"
	    "batchnorm n\nrelu\nglobalavgpool\nlinear f out=2 bias=no\n"
	    "output\n",
	    "axis 0 0 1 1 out 1 c.weight\n"
	    "axis 1 1 1 1 in 3 f.weight\n"
	    "axis 0 1 1 1 out 2 n.bias\n"
	    "axis 0 0 1 1 out 2 n.running_mean\n"
	    "axis 0 0 1 1 none 2 n.running_var\n"
	    "axis 0 1 1 1 out 2 n.weight\n"
	    "axis 1 0 1 4 in 2 n.weight\n"
	    "group 0 4 permuted sign -\n"
	    "group 1 4 permuted scale 0\n");
	/* behind ReLU there is no sign, hence no diagonal; and without
	 * weights there is one class only */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv c out=4 kernel=1 bias=no\n"
	    "relu\nbatchnorm n affine=no\nglobalavgpool\n"
	    "linear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 c.weight\n"
	    "axis 1 0 1 1 in 3 f.weight\n"
	    "axis 0 0 1 1 out 2 n.running_mean\n"
	    "axis 0 0 1 1 none 2 n.running_var\n"
	    "group 0 4 permuted none -\n");
	/* a single channel: a diagonal of one */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv c out=1 kernel=1 bias=no\n"
	    "batchnorm n\ntanh\nglobalavgpool\nlinear f out=2 bias=no\n"
	    "output\n",
	    "axis 0 0 1 1 out 1 c.weight\n"
	    "axis 1 1 1 1 in 3 f.weight\n"
	    "axis 0 1 1 1 out 2 n.bias\n"
	    "axis 0 0 1 1 out 2 n.running_mean\n"
	    "axis 0 0 1 1 none 2 n.running_var\n"
	    "axis 0 1 1 1 out 2 n.weight\n"
	    "axis 1 0 1 1 in 2 n.weight\n"
	    "group 0 1 permuted sign -\n"
	    "group 1 1 permuted sign 0\n");
	/* of the input: nothing moves, but gamma and beta have a scale
	 */
	table_is("ckpt-arch 1\ninput 3x4x4\nbatchnorm n\nrelu\n"
	    "globalavgpool\nlinear f out=2 bias=no\noutput\n",
	    "axis 1 0 1 1 in 2 f.weight\n"
	    "axis 0 0 1 1 out 1 n.bias\n"
	    "axis 0 0 1 1 out 1 n.weight\n"
	    "group 0 3 fixed scale -\n");
	/* of a vector made of an image: units of four numbers, whose
	 * sign would not show in the diagonal */
	table_is("ckpt-arch 1\ninput 3x2x2\nconv c out=2 kernel=1 bias=no\n"
	    "flatten\nbatchnorm n\nrelu\nlinear f out=2 bias=no\n"
	    "output\n",
	    "axis 0 0 1 1 out 1 c.weight\n"
	    "axis 1 1 4 1 in 3 f.weight\n"
	    "axis 0 1 4 1 out 2 n.bias\n"
	    "axis 0 0 4 1 out 2 n.running_mean\n"
	    "axis 0 0 4 1 none 2 n.running_var\n"
	    "axis 0 1 4 1 out 2 n.weight\n"
	    "group 0 2 permuted none -\n"
	    "group 1 2 permuted scale 0\n");
	/* added to what it reads: one class, on both sides of gamma */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv c out=4 kernel=1 bias=no\n"
	    "batchnorm n\nadd from=n,c\nglobalavgpool\n"
	    "linear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 c.weight\n"
	    "axis 1 0 1 1 in 3 f.weight\n"
	    "axis 0 0 1 1 out 2 n.bias\n"
	    "axis 0 0 1 1 out 2 n.running_mean\n"
	    "axis 0 0 1 1 none 2 n.running_var\n"
	    "axis 0 0 1 1 out 2 n.weight\n"
	    "axis 1 0 1 4 in 2 n.weight\n"
	    "group 0 4 permuted sign -\n");
}

static void
test_other_norms(void **state)
{
	(void)state;
	/* the threshold leaves a scale */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv c out=4 kernel=1 bias=no\n"
	    "frn n\nrelu\nglobalavgpool\nlinear f out=2 bias=no\n"
	    "output\n",
	    "axis 0 0 1 1 out 1 c.weight\n"
	    "axis 1 1 1 1 in 3 f.weight\n"
	    "axis 1 1 1 1 out 2 n.beta\n"
	    "axis 0 0 1 4 in 2 n.gamma\n"
	    "axis 1 1 1 1 out 2 n.gamma\n"
	    "axis 1 1 1 1 out 2 n.tau\n"
	    "group 0 4 permuted sign -\n"
	    "group 1 4 permuted scale 0\n");
	/* which tanh takes away; without the threshold it leaves a sign
	 */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv c out=4 kernel=1 bias=no\n"
	    "frn n\ntanh\nconv d out=4 kernel=1 bias=no\nfrn m tau=no\n"
	    "tanh\nglobalavgpool\nlinear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 c.weight\n"
	    "axis 0 1 1 1 out 3 d.weight\n"
	    "axis 1 2 1 1 in 3 d.weight\n"
	    "axis 1 3 1 1 in 5 f.weight\n"
	    "axis 1 3 1 1 out 4 m.beta\n"
	    "axis 0 1 1 4 in 4 m.gamma\n"
	    "axis 1 3 1 1 out 4 m.gamma\n"
	    "axis 1 2 1 1 out 2 n.beta\n"
	    "axis 0 0 1 4 in 2 n.gamma\n"
	    "axis 1 2 1 1 out 2 n.gamma\n"
	    "axis 1 2 1 1 out 2 n.tau\n"
	    "group 0 4 permuted sign -\n"
	    "group 1 4 permuted sign -\n"
	    "group 2 4 permuted none 0\n"
	    "group 3 4 permuted sign 1\n");
	/* groups of channels move as wholes; their mean has a sign */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv c out=4 kernel=1 bias=no\n"
	    "groupnorm n groups=2\nrelu\nglobalavgpool\n"
	    "linear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 c.weight\n"
	    "axis 1 1 1 1 in 3 f.weight\n"
	    "axis 0 1 1 1 out 2 n.bias\n"
	    "axis 0 1 1 1 out 2 n.weight\n"
	    "group 0 4 permuted none 2\n"
	    "group 1 4 permuted scale 0\n"
	    "group 2 2 permuted none -\n");
	/* a group for each channel */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv c out=4 kernel=1 bias=no\n"
	    "groupnorm n groups=4\nsilu\nglobalavgpool\n"
	    "linear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 c.weight\n"
	    "axis 1 1 1 1 in 3 f.weight\n"
	    "axis 0 1 1 1 out 2 n.bias\n"
	    "axis 0 1 1 1 out 2 n.weight\n"
	    "axis 1 0 1 4 in 2 n.weight\n"
	    "group 0 4 permuted sign -\n"
	    "group 1 4 permuted none 0\n");
	/* over all channels; GELU leaves nothing, and what is dropped
	 * counts for nothing */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv c out=4 kernel=1 bias=no\n"
	    "layernorm n bias=no\ndropout p=0.1\ngelu\nglobalavgpool\n"
	    "linear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 c.weight\n"
	    "axis 1 1 1 1 in 3 f.weight\n"
	    "axis 0 1 1 1 out 2 n.weight\n"
	    "group 0 4 permuted none -\n"
	    "group 1 4 permuted none 0\n");
	/* one tensor of two normalisations ties both sides */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv c out=4 kernel=1 bias=no\n"
	    "batchnorm n\nrelu\nconv d out=4 kernel=1 bias=no\n"
	    "batchnorm m weight=n.weight bias=no mean=n.running_mean "
	    "var=n.running_var\n"
	    "tanh\nglobalavgpool\nlinear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 c.weight\n"
	    "axis 0 0 1 1 out 3 d.weight\n"
	    "axis 1 1 1 1 in 3 d.weight\n"
	    "axis 1 1 1 1 in 5 f.weight\n"
	    "axis 0 1 1 1 out 2 n.bias\n"
	    "axis 0 0 1 1 out 2 n.running_mean\n"
	    "axis 0 0 1 1 none 2 n.running_var\n"
	    "axis 0 1 1 1 out 2 n.weight\n"
	    "axis 1 0 1 4 in 2 n.weight\n"
	    "group 0 4 permuted sign -\n"
	    "group 1 4 permuted none 0\n");
}

static void
test_residual_norm(void **state)
{
	(void)state;
	/* a stream that two normalisations write, a group inside */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv s out=4 kernel=1 bias=no\n"
	    "batchnorm t\nrelu u\nconv c out=5 kernel=1 bias=no\n"
	    "batchnorm d\nrelu\nconv e out=4 kernel=1 bias=no\n"
	    "batchnorm g\nadd from=g,u\nrelu\nglobalavgpool\n"
	    "linear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 3 c.weight\n"
	    "axis 1 1 1 1 in 3 c.weight\n"
	    "axis 0 2 1 1 out 4 d.bias\n"
	    "axis 0 0 1 1 out 4 d.running_mean\n"
	    "axis 0 0 1 1 none 4 d.running_var\n"
	    "axis 0 2 1 1 out 4 d.weight\n"
	    "axis 1 0 1 5 in 4 d.weight\n"
	    "axis 0 3 1 1 out 5 e.weight\n"
	    "axis 1 2 1 1 in 5 e.weight\n"
	    "axis 1 1 1 1 in 7 f.weight\n"
	    "axis 0 1 1 1 out 6 g.bias\n"
	    "axis 0 3 1 1 out 6 g.running_mean\n"
	    "axis 0 3 1 1 none 6 g.running_var\n"
	    "axis 0 1 1 1 out 6 g.weight\n"
	    "axis 1 3 1 4 in 6 g.weight\n"
	    "axis 0 4 1 1 out 1 s.weight\n"
	    "axis 0 1 1 1 out 2 t.bias\n"
	    "axis 0 4 1 1 out 2 t.running_mean\n"
	    "axis 0 4 1 1 none 2 t.running_var\n"
	    "axis 0 1 1 1 out 2 t.weight\n"
	    "axis 1 4 1 4 in 2 t.weight\n"
	    "group 0 5 permuted sign -\n"
	    "group 1 4 permuted scale -\n"
	    "group 2 5 permuted scale 0\n"
	    "group 3 4 permuted sign 1\n"
	    "group 4 4 permuted sign 1\n");
	/* normalised first: the stream has signs, which each
	 * normalisation takes back */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv s out=4 kernel=1 bias=no\n"
	    "batchnorm n\nrelu\nconv c out=4 kernel=1 bias=no\n"
	    "add a from=c,s\nbatchnorm m\nrelu\nglobalavgpool\n"
	    "linear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 3 c.weight\n"
	    "axis 1 1 1 1 in 3 c.weight\n"
	    "axis 1 2 1 1 in 5 f.weight\n"
	    "axis 0 2 1 1 out 4 m.bias\n"
	    "axis 0 0 1 1 out 4 m.running_mean\n"
	    "axis 0 0 1 1 none 4 m.running_var\n"
	    "axis 0 2 1 1 out 4 m.weight\n"
	    "axis 1 0 1 4 in 4 m.weight\n"
	    "axis 0 1 1 1 out 2 n.bias\n"
	    "axis 0 0 1 1 out 2 n.running_mean\n"
	    "axis 0 0 1 1 none 2 n.running_var\n"
	    "axis 0 1 1 1 out 2 n.weight\n"
	    "axis 1 0 1 4 in 2 n.weight\n"
	    "axis 0 0 1 1 out 1 s.weight\n"
	    "group 0 4 permuted sign -\n"
	    "group 1 4 permuted scale 0\n"
	    "group 2 4 permuted scale 0\n");
}

static void
test_concat(void **state)
{
	(void)state;
	/* parts of their own, also behind a normalisation */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv a out=2 kernel=1 bias=no\n"
	    "conv b out=3 kernel=1 bias=no from=input\n"
	    "concat k from=a,b\nbatchnorm n\nrelu\nglobalavgpool\n"
	    "linear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 0 1 1 1 out 1 b.weight\n"
	    "axis 1:0 2 1 1 in 3 f.weight\n"
	    "axis 1:2 3 1 1 in 3 f.weight\n"
	    "axis 0:0 2 1 1 out 2 n.bias\n"
	    "axis 0:2 3 1 1 out 2 n.bias\n"
	    "axis 0:0 0 1 1 out 2 n.running_mean\n"
	    "axis 0:2 1 1 1 out 2 n.running_mean\n"
	    "axis 0:0 0 1 1 none 2 n.running_var\n"
	    "axis 0:2 1 1 1 none 2 n.running_var\n"
	    "axis 0:0 2 1 1 out 2 n.weight\n"
	    "axis 0:2 3 1 1 out 2 n.weight\n"
	    "axis 1:0 0 1 2 in 2 n.weight\n"
	    "axis 1:2 1 1 3 in 2 n.weight\n"
	    "group 0 2 permuted sign -\n"
	    "group 1 3 permuted sign -\n"
	    "group 2 2 permuted scale 0\n"
	    "group 3 3 permuted scale 1\n");
	/* tied where they end at different channels: divided */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv a out=2 kernel=1 bias=no\n"
	    "conv b out=3 kernel=1 bias=no from=input\n"
	    "concat k from=a,b\n"
	    "conv c out=4 kernel=1 bias=no from=input\n"
	    "conv d out=1 kernel=1 bias=no from=input\n"
	    "concat l from=c,d\nadd from=k,l\nglobalavgpool\n"
	    "linear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 0:0 1 1 1 out 1 b.weight\n"
	    "axis 0:2 2 1 1 out 1 b.weight\n"
	    "axis 0:0 0 1 1 out 1 c.weight\n"
	    "axis 0:2 1 1 1 out 1 c.weight\n"
	    "axis 0 2 1 1 out 1 d.weight\n"
	    "axis 1:0 0 1 1 in 2 f.weight\n"
	    "axis 1:2 1 1 1 in 2 f.weight\n"
	    "axis 1:4 2 1 1 in 2 f.weight\n"
	    "group 0 2 permuted scale,sign -\n"
	    "group 1 2 permuted scale,sign -\n"
	    "group 2 1 permuted scale,sign -\n");
	/* with the input, which has no group; twice the same */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv a out=2 kernel=1 bias=no\n"
	    "relu r\nconcat from=r,input,r\nglobalavgpool\n"
	    "linear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 1:0 0 1 1 in 2 f.weight\n"
	    "axis 1:5 0 1 1 in 2 f.weight\n"
	    "group 0 2 permuted scale -\n");
	/* a depthwise convolution passes the parts on */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv a out=2 kernel=1 bias=no\n"
	    "conv b out=3 kernel=1 bias=no from=input\n"
	    "concat k from=a,b\n"
	    "conv d out=5 kernel=3 padding=1 groups=5 bias=no\nrelu\n"
	    "globalavgpool\nlinear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 0 1 1 1 out 1 b.weight\n"
	    "axis 0:0 2 1 1 out 2 d.weight\n"
	    "axis 0:2 3 1 1 out 2 d.weight\n"
	    "axis 1:0 0 1 2 in 2 d.weight\n"
	    "axis 1:2 1 1 3 in 2 d.weight\n"
	    "axis 1:0 2 1 1 in 3 f.weight\n"
	    "axis 1:2 3 1 1 in 3 f.weight\n"
	    "group 0 2 permuted scale,sign -\n"
	    "group 1 3 permuted scale,sign -\n"
	    "group 2 2 permuted scale 0\n"
	    "group 3 3 permuted scale 1\n");
	/* groups across parts: nothing there moves */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv a out=2 kernel=1 bias=no\n"
	    "conv b out=2 kernel=1 bias=no from=input\n"
	    "concat k from=a,b\n"
	    "conv d out=4 kernel=1 groups=2 bias=no\nrelu\n"
	    "conv e out=3 kernel=1 bias=no\nrelu\nglobalavgpool\n"
	    "linear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 3 e.weight\n"
	    "axis 1 0 1 1 in 4 f.weight\n"
	    "group 0 3 permuted scale -\n");
	/* tied within units of four numbers: nothing there moves */
	table_is("ckpt-arch 1\ninput 1x2x2\nconv a out=3 kernel=1 bias=no\n"
	    "flatten p\nflatten q from=input\nlinear b out=2 bias=no\n"
	    "linear c out=10 bias=no from=q\nconcat r from=b,c\n"
	    "add from=p,r\nlinear f out=2 bias=no\noutput\n",
	    "");
}

static void
test_transposed(void **state)
{
	(void)state;
	/* axis 0 is read, axis 1 is written in slices */
	table_is("ckpt-arch 1\ninput 3x4x4\nconv a out=4 kernel=1 bias=no\n"
	    "relu\nconvtranspose b out=6 kernel=1 groups=2\n"
	    "globalavgpool\nlinear f out=2 bias=no\noutput\n",
	    "axis 0 0 1 1 out 1 a.weight\n"
	    "axis 0 1 1 1 out 2 b.bias\n"
	    "axis 0 0 1 1 in 2 b.weight\n"
	    "axis 1 1 1 2 out 2 b.weight\n"
	    "axis 1 1 1 1 in 3 f.weight\n"
	    "group 0 4 permuted scale 2\n"
	    "group 1 6 permuted scale,sign 2\n"
	    "group 2 2 permuted none -\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_batch_norm),
		cmocka_unit_test(test_other_norms),
		cmocka_unit_test(test_residual_norm),
		cmocka_unit_test(test_concat),
		cmocka_unit_test(test_transposed),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
