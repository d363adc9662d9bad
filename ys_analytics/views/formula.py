"""A formula in TeX as MathML, which browsers set without a script.

Depends on latex2mathml, which knows TeX. Does not fetch anything, so pages need no network.
"""

import html
from functools import lru_cache
from xml.etree.ElementTree import tostring

from latex2mathml.converter import convert_to_element
from markupsafe import Markup


@lru_cache(maxsize=1024)
def mathml(tex: str) -> Markup:
    r"""Set a formula; one that is no TeX is shown as it is written.

    Args:
        tex: Between the dollars, without them.

    >>> mathml(r"\frac{1}{n}")
    Markup('<math displaystyle="true">...<mfrac><mrow><mn>1</mn></mrow><mrow><mi>n</mi></mrow></mfrac>...</math>')
    >>> mathml("r_t < 2")
    Markup('<math displaystyle="true"><mrow><msub><mi>r</mi><mi>t</mi></msub><mo>&lt;</mo><mn>2</mn></mrow></math>')
    >>> mathml("{")
    Markup('<code>{</code>')
    """
    try:
        root = convert_to_element(tex, display="block")
    except Exception:  # noqa: BLE001 - the library raises a class of its own for each fault, with no base of theirs
        return Markup("<code>{}</code>").format(tex)
    for element in root.iter():
        # The library writes signs as entities and leaves the rest of the text unescaped; characters need neither.
        element.text = html.unescape(element.text) if element.text else element.text
    root.attrib.clear()
    root.set("displaystyle", "true")
    return Markup(tostring(root, encoding="unicode"))  # noqa: S704 - ElementTree escapes all text
