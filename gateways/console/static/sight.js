// What the map shows, told to the server: positions elsewhere are not sent.

const SETTLE_MS = 250;
const MARGIN = 0.3;
const WASTE = 6;

export class Sight {
  constructor(link, streets, place) {
    this._link = link;
    this._streets = streets;
    this._bounds = place.bounds;
    this._asked = null;
  }

  /** The view has changed: say so once it rests, unless what is shown is sent already. */
  moved(view) {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._tell(view), SETTLE_MS);
  }

  _tell(view) {
    if (!view.width || !view.height) return;
    const [west, south, east, north] = view.box;
    const [wide, high] = [(east - west) * MARGIN, (north - south) * MARGIN];
    if (this._suffices(west, south, east, north)) return;
    const box = [west - wide, south - high, east + wide, north + high];
    const [left, bottom, right, top] = this._bounds;
    if (box[0] <= left && box[1] <= bottom && box[2] >= right && box[3] >= top) {
      if (this._asked) this._link.look(null);
      this._asked = null;
      return;
    }
    this._asked = box;
    const [bottomLat, leftLon] = this._streets.toDegrees(box[0], box[1]);
    const [topLat, rightLon] = this._streets.toDegrees(box[2], box[3]);
    this._link.look([clamp(leftLon, 180), clamp(bottomLat, 90), clamp(rightLon, 180), clamp(topLat, 90)]);
  }

  /** Is all of it within what was asked for, and that not far more? */
  _suffices(west, south, east, north) {
    if (!this._asked) return false;
    const [left, bottom, right, top] = this._asked;
    const within = west >= left && south >= bottom && east <= right && north <= top;
    return within && (right - left) * (top - bottom) < WASTE * (east - west) * (north - south);
  }
}

const clamp = (degrees, most) => Math.max(-most, Math.min(most, degrees));
